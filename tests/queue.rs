//! The queue: what is asked for is made once, fairly, and sent once, whatever happens in between.

mod admission;
mod backup;
mod cut;
mod delivery;
mod desk;
mod forget;
mod key;
mod killed;
mod stats;
mod work;
