//! The worker's children as the service meets them: real processes, real files, real signals.

mod confined;
mod dying;
mod hostile;
mod shop;
mod works;
