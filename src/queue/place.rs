//! The line as a person sees it: how many are before me, and how long it takes. The rows of the line in, numbers out.
//!
//! Turns go round: the user who was served or came longest ago is next, with their oldest job. So the order of everybody's first jobs is
//! that of the users, then come the second jobs in the same order, and so on.

use std::collections::HashMap;

use crate::model::JobId;
use crate::store::jobs::Waiting;

/// Where a job stands in the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Jobs that come first; 0 is next.
    pub ahead: u32,
    /// Until it begins, as far as can be told.
    pub wait_secs: u32,
}

/// How fast the line moves.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Milliseconds to render a second of circle.
    pub ms_per_second: f64,
    pub workers: u32,
}

impl Pace {
    fn cost_ms(&self, job: &Waiting) -> f64 {
        job.length_ms as f64 / 1000.0 * self.ms_per_second
    }
}

/// The place of `job`. `None` when it does not wait.
pub fn place(line: &[Waiting], job: JobId, pace: Pace) -> Option<Place> {
    let order = order(line);
    let ahead = order.iter().position(|waiting| waiting.job == job)?;
    let rendering: Vec<_> = line.iter().filter(|job| job.rendering).collect();
    let workers = pace.workers.max(1);
    if ahead + rendering.len() < workers as usize {
        return Some(Place {
            ahead: ahead as u32,
            wait_secs: 0,
        });
    }
    let before: f64 = order[..ahead].iter().map(|job| pace.cost_ms(job)).sum();
    // Those being rendered are half done, on average.
    let begun: f64 = rendering.iter().map(|job| pace.cost_ms(job) / 2.0).sum();
    Some(Place {
        ahead: ahead as u32,
        wait_secs: ((before + begun) / f64::from(workers) / 1000.0).ceil() as u32,
    })
}

/// Those who wait, in the order of their turns.
fn order(line: &[Waiting]) -> Vec<Waiting> {
    let mut jobs_of: HashMap<i64, usize> = HashMap::new();
    // Oldest first, so that the first job seen of a user is theirs that comes first, and settles ties between users.
    let mut first_of: HashMap<i64, JobId> = HashMap::new();
    let mut keyed: Vec<_> = line
        .iter()
        .filter(|job| !job.rendering)
        .map(|job| {
            let round = jobs_of.entry(job.user_id).or_default();
            *round += 1;
            let first = *first_of.entry(job.user_id).or_insert(job.job);
            ((*round, job.served, first), *job)
        })
        .collect();
    keyed.sort_by_key(|(key, _)| *key);
    keyed.into_iter().map(|(_, job)| job).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(job: i64, user_id: i64, served: i64) -> Waiting {
        Waiting {
            job: JobId(job),
            user_id,
            length_ms: 10_000,
            served,
            rendering: false,
        }
    }

    #[test]
    fn turns_go_round_and_the_longest_unserved_is_first() {
        let line = [
            waiting(1, 7, 5),
            waiting(2, 7, 5),
            waiting(3, 8, 2),
            waiting(4, 9, 0),
            waiting(5, 8, 2),
        ];
        let jobs: Vec<_> = order(&line).iter().map(|job| job.job.0).collect();
        assert_eq!(jobs, [4, 3, 1, 5, 2]);
    }

    #[test]
    fn the_wait_counts_those_before_and_those_begun() {
        let mut line = vec![waiting(1, 1, 0), waiting(2, 2, 0), waiting(3, 3, 0)];
        let pace = |workers| Pace {
            ms_per_second: 1000.0,
            workers,
        };
        let told =
            |line: &[Waiting], job, workers| place(line, JobId(job), pace(workers)).map(|p| (p.ahead, p.wait_secs));
        assert_eq!(told(&line, 1, 1), Some((0, 0)));
        assert_eq!(told(&line, 3, 1), Some((2, 20)));
        assert_eq!(told(&line, 3, 2), Some((2, 10)));
        line[0].rendering = true;
        assert_eq!(told(&line, 1, 1), None);
        assert_eq!(told(&line, 2, 1), Some((0, 5)));
        assert_eq!(told(&line, 2, 2), Some((0, 0)));
        assert_eq!(told(&line, 9, 1), None);
    }
}
