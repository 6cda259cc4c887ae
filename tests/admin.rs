//! The operator's side over real HTTP: who gets in, what they may do, and what watches us is told.

#[path = "admin/access.rs"]
mod access;
#[path = "admin/attacks.rs"]
mod attacks;
#[path = "admin/code.rs"]
mod code;
#[path = "admin/desk.rs"]
mod desk;
#[path = "admin/figures.rs"]
mod figures;
#[path = "admin/ready.rs"]
mod ready;
#[path = "admin/signals.rs"]
mod signals;
#[path = "admin/work.rs"]
mod work;
