//! `musiccircles worker`: what the service starts beside itself, once for every worker. Not for people.

use super::{CommandError, Exit};
use crate::worker;

pub fn run(exit: Exit) -> Result<(), CommandError> {
    worker::run_child(exit).map_err(CommandError::Machine)
}
