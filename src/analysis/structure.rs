//! Which parts of a song are worth a circle: what comes again (the chorus does), is loud, and has just begun.

use super::survey::{CELL_SECS, Highlight};

pub(super) const CHROMA: usize = 12;
pub(super) const TIMBRE: usize = 16;

/// A song is compared with itself in at most this many cells (the work grows with the square).
const MAX_CELLS: usize = 1_200;
const CHOICES: usize = 3;
/// Repetition is looked for over this long at most: a chorus.
const PHRASE_SECS: f64 = 16.0;
/// Shares of the score.
const REPEATED: f32 = 0.45;
const LOUD: f32 = 0.35;
const FRESH: f32 = 0.20;

/// Sums over the windows of half a second.
#[derive(Clone, Default)]
pub(super) struct Cell {
    pub chroma: [f32; CHROMA],
    pub timbre: [f32; TIMBRE],
    pub power: f32,
    pub windows: f32,
}

pub(super) fn highlights(cells: &[Cell], beats_secs: &[f32], length_secs: f64, wanted_secs: f64) -> Vec<Highlight> {
    if cells.is_empty() || length_secs <= wanted_secs + CELL_SECS {
        let whole = Highlight {
            start_secs: 0.0,
            end_secs: length_secs.min(wanted_secs),
            score: 1.0,
        };
        return if length_secs > 0.0 { vec![whole] } else { Vec::new() };
    }
    let join = cells.len().div_ceil(MAX_CELLS);
    let cells: Vec<Cell> = cells.chunks(join).map(sum).collect();
    let cell_secs = length_secs / cells.len() as f64;
    let span = ((wanted_secs / cell_secs).round() as usize).clamp(1, cells.len());
    let starts = cells.len() - span + 1;

    let levels: Vec<f32> = cells
        .iter()
        .map(|cell| 10.0 * (cell.power / cell.windows.max(1.0) + 1e-9).log10())
        .collect();
    let repeated = spread(
        &repetition(
            &cells,
            span.min((PHRASE_SECS / cell_secs).round().max(1.0) as usize),
            span,
            starts,
        ),
        0.05,
    );
    let loud = spread(
        &(0..starts).map(|at| mean(&levels[at..at + span])).collect::<Vec<_>>(),
        2.0,
    );
    let fresh = spread(
        &(0..starts)
            .map(|at| freshness(&levels, at, cell_secs))
            .collect::<Vec<_>>(),
        2.0,
    );
    let scores: Vec<f32> = (0..starts)
        .map(|at| REPEATED * repeated[at] + LOUD * loud[at] + FRESH * fresh[at])
        .collect();

    let mut order: Vec<usize> = (0..starts).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]).then(a.cmp(&b)));
    let mut chosen: Vec<Highlight> = Vec::new();
    for at in order {
        let (start_secs, end_secs) = snap(at as f64 * cell_secs, wanted_secs, length_secs, beats_secs);
        let free = chosen
            .iter()
            .all(|other| end_secs <= other.start_secs || start_secs >= other.end_secs);
        if free {
            chosen.push(Highlight {
                start_secs,
                end_secs,
                score: f64::from(scores[at]),
            });
        }
        if chosen.len() == CHOICES {
            break;
        }
    }
    chosen
}

/// Start on the nearest beat, end on the last beat within the wanted length (but never a whole bar short of it).
fn snap(start_secs: f64, wanted_secs: f64, length_secs: f64, beats_secs: &[f32]) -> (f64, f64) {
    let near = |at: f64, most: f64, fits: &dyn Fn(f64) -> bool| {
        let after = beats_secs.partition_point(|&beat| f64::from(beat) < at);
        let around = beats_secs[after.saturating_sub(8)..(after + 8).min(beats_secs.len())]
            .iter()
            .map(|&beat| f64::from(beat));
        around
            .filter(|&beat| (beat - at).abs() <= most && fits(beat))
            .min_by(|a, b| (a - at).abs().total_cmp(&(b - at).abs()))
    };
    let last_start = length_secs - wanted_secs;
    let start = near(start_secs, 0.8, &|beat| beat <= last_start)
        .unwrap_or(start_secs.min(last_start))
        .max(0.0);
    let end = (start + wanted_secs).min(length_secs);
    (
        start,
        near(end, 1.0, &|beat| beat <= end && beat > start + 1.0).unwrap_or(end),
    )
}

/// For each start: how well the phrases from there on are found again elsewhere in the song, as the mean of the two best
/// places. A phrase is at most a chorus long; a longer fragment is judged by all the phrases in it.
fn repetition(cells: &[Cell], phrase: usize, span: usize, starts: usize) -> Vec<f32> {
    let vectors = describe(cells);
    let places = cells.len() - phrase + 1;
    let mut best = vec![[0.0_f32; 2]; places];
    let mut note = |at: usize, similarity: f32| {
        let [first, second] = &mut best[at];
        if similarity > *first {
            (*first, *second) = (similarity, *first);
        } else if similarity > *second {
            *second = similarity;
        }
    };
    for lag in phrase..cells.len() {
        let alike: Vec<f32> = vectors
            .iter()
            .zip(&vectors[lag..])
            .map(|(a, b)| a.iter().zip(b).map(|(a, b)| a * b).sum())
            .collect();
        if alike.len() < phrase {
            break;
        }
        let mut sum: f64 = alike[..phrase].iter().map(|&s| f64::from(s)).sum();
        for at in 0..=alike.len() - phrase {
            let mean = (sum / phrase as f64) as f32;
            note(at, mean);
            note(at + lag, mean);
            if at + phrase < alike.len() {
                sum += f64::from(alike[at + phrase]) - f64::from(alike[at]);
            }
        }
    }
    let found: Vec<f32> = best.iter().map(|[first, second]| 0.6 * first + 0.4 * second).collect();
    (0..starts)
        .map(|at| mean(&found[at..(at + span - phrase + 1).min(places)]))
        .collect()
}

/// Pitch classes and timbre of each cell against the song's average, each half a unit vector: their product is between -1
/// and 1, and what all parts of the song share does not count.
fn describe(cells: &[Cell]) -> Vec<[f32; CHROMA + TIMBRE]> {
    let mut vectors: Vec<[f32; CHROMA + TIMBRE]> = cells
        .iter()
        .map(|cell| {
            let chroma_sum = cell.chroma.iter().sum::<f32>().max(1e-9);
            std::array::from_fn(|n| match n.checked_sub(CHROMA) {
                None => cell.chroma[n] / chroma_sum,
                Some(band) => cell.timbre[band] / cell.windows.max(1.0),
            })
        })
        .collect();
    for n in 0..CHROMA + TIMBRE {
        let average = vectors.iter().map(|vector| vector[n]).sum::<f32>() / vectors.len() as f32;
        vectors.iter_mut().for_each(|vector| vector[n] -= average);
    }
    for vector in &mut vectors {
        let (chroma, timbre) = vector.split_at_mut(CHROMA);
        for half in [chroma, timbre] {
            let length = half.iter().map(|v| v * v).sum::<f32>().sqrt().max(1e-6);
            half.iter_mut()
                .for_each(|v| *v *= std::f32::consts::FRAC_1_SQRT_2 / length);
        }
    }
    vectors
}

/// How much louder the four seconds from here on are than the six before.
fn freshness(levels: &[f32], at: usize, cell_secs: f64) -> f32 {
    let (after, before) = ((4.0 / cell_secs).ceil() as usize, (6.0 / cell_secs).ceil() as usize);
    let (after, before) = (
        &levels[at..(at + after).min(levels.len())],
        &levels[at.saturating_sub(before)..at],
    );
    // The very start is no rise: before it there is nothing to rise from.
    if before.is_empty() {
        0.0
    } else {
        (mean(after) - mean(before)).clamp(0.0, 12.0)
    }
}

/// To 0 and 1 between the lowest and the highest; a spread below `least` is not blown up.
fn spread(values: &[f32], least: f32) -> Vec<f32> {
    let lowest = values.iter().copied().fold(f32::MAX, f32::min);
    let highest = values.iter().copied().fold(f32::MIN, f32::max);
    values
        .iter()
        .map(|value| (value - lowest) / (highest - lowest).max(least))
        .collect()
}

fn mean(values: &[f32]) -> f32 {
    values.iter().sum::<f32>() / values.len().max(1) as f32
}

fn sum(cells: &[Cell]) -> Cell {
    cells.iter().fold(Cell::default(), |mut sum, cell| {
        sum.chroma
            .iter_mut()
            .zip(cell.chroma)
            .for_each(|(sum, part)| *sum += part);
        sum.timbre
            .iter_mut()
            .zip(cell.timbre)
            .for_each(|(sum, part)| *sum += part);
        (sum.power, sum.windows) = (sum.power + cell.power, sum.windows + cell.windows);
        sum
    })
}
