//! The operator's side over real HTTP: who gets in, what they may do, and what watches us is told.

mod access;
mod attacks;
mod code;
mod desk;
mod drill;
mod figures;
mod page;
mod ready;
mod signals;
mod work;
