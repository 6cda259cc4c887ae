//! Whose failure it is. Every step's error answers this; the edges turn it into words, statuses and exit codes.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// What was asked for cannot be done: the file, the picture or the options are wrong. Exit code 2.
    Request,
    /// The machine could not do it now: disk full, no Vulkan, encoder gone. Exit code 1.
    Machine,
    /// The person stopped it. Exit code 130.
    Cancelled,
}
