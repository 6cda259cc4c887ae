//! What happens to jobs, for whoever shows it: the status message, the web page, the workers.

use crate::model::JobId;
use crate::store::jobs::JobState;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobEvent {
    pub job: JobId,
    pub what: Happened,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happened {
    /// It is in this state now, and the record says so.
    Is(JobState),
    /// How far the rendering is; not recorded.
    Progress { percent: u8, left_secs: Option<u32> },
    /// Its user asked to stop it.
    CancelAsked,
}
