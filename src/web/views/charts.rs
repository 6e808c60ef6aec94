//! Charts, drawn as SVG, with a table of the same numbers.

use crate::http::language::PageLanguage;

/// The size of a chart, in the units of its picture, and where the values are drawn.
pub(in crate::web) struct Frame {
    pub(in crate::web) width: i64,
    pub(in crate::web) height: i64,
    pub(in crate::web) left: i64,
    pub(in crate::web) right: i64,
}

const LEFT: i64 = 46;
const RIGHT: i64 = 352;
const FRAME: Frame = Frame { width: 360, height: 190, left: LEFT, right: RIGHT };
const TOP: i64 = 12;
const BOTTOM: i64 = 164;
/// The most lines of a grid, besides the lowest.
const LINES: i64 = 4;
/// The most labels below a chart.
const LABELS: usize = 4;

/// What a chart shows.
pub(in crate::web) struct Figures {
    /// The names of the values in each row.
    pub(in crate::web) names: Vec<&'static str>,
    /// How many of them are drawn: the first ones. The table has all of them.
    pub(in crate::web) drawn: usize,
    pub(in crate::web) rows: Vec<Row>,
}

/// The values of a period.
pub(in crate::web) struct Row {
    pub(in crate::web) label: String,
    pub(in crate::web) values: Vec<i64>,
}

/// A chart, as a template draws it.
pub(in crate::web) struct Chart {
    pub(in crate::web) id: &'static str,
    pub(in crate::web) frame: Frame,
    pub(in crate::web) title: String,
    /// The heading of the first column.
    pub(in crate::web) period: &'static str,
    pub(in crate::web) names: Vec<&'static str>,
    /// How many of them are drawn.
    pub(in crate::web) drawn: usize,
    pub(in crate::web) table: Vec<(String, Vec<String>)>,
    pub(in crate::web) grid: Vec<GridLine>,
    pub(in crate::web) labels: Vec<Label>,
    pub(in crate::web) bars: Vec<Bar>,
    /// The points of a line; empty if there are bars.
    pub(in crate::web) line: String,
    pub(in crate::web) dots: Vec<Dot>,
}

pub(in crate::web) struct GridLine {
    pub(in crate::web) y: i64,
    pub(in crate::web) text: String,
}

pub(in crate::web) struct Label {
    pub(in crate::web) x: i64,
    pub(in crate::web) text: String,
}

pub(in crate::web) struct Bar {
    pub(in crate::web) x: i64,
    pub(in crate::web) y: i64,
    pub(in crate::web) width: i64,
    pub(in crate::web) height: i64,
    /// The class of its colour.
    pub(in crate::web) series: usize,
    pub(in crate::web) title: String,
}

pub(in crate::web) struct Dot {
    pub(in crate::web) x: i64,
    pub(in crate::web) y: i64,
    pub(in crate::web) title: String,
}

/// The values between which a chart is drawn.
struct Scale {
    low: i64,
    high: i64,
    step: i64,
}

impl Scale {
    /// From zero, or lower, to the highest value, in round steps.
    fn of(figures: &Figures) -> Self {
        let values =
            || figures.rows.iter().flat_map(|row| row.values.iter().take(figures.drawn).copied());
        let low = values().min().unwrap_or(0).min(0);
        let high = values().max().unwrap_or(0).max(1);
        let range = high.saturating_sub(low);
        let rounds = (0..19)
            .flat_map(|power| [1, 2, 5].map(|it| 10_i64.saturating_pow(power).saturating_mul(it)));
        let step = rounds.into_iter().find(|step| range / step < LINES).unwrap_or(i64::MAX);
        let floor = low.div_euclid(step).saturating_mul(step);
        let ceiling = high.div_euclid(step) + i64::from(high.rem_euclid(step) > 0);
        Self { low: floor, high: ceiling.saturating_mul(step), step }
    }

    fn y(&self, value: i64) -> i64 {
        let range = i128::from(self.high) - i128::from(self.low);
        let share = (i128::from(value) - i128::from(self.low)) * i128::from(BOTTOM - TOP);
        BOTTOM - i64::try_from(share / range.max(1)).unwrap_or(0)
    }

    fn grid(&self, language: PageLanguage) -> Vec<GridLine> {
        let values = std::iter::successors(Some(self.low), |value| value.checked_add(self.step));
        let values = values.take_while(|value| *value <= self.high);
        values.map(|value| GridLine { y: self.y(value), text: language.number(value) }).collect()
    }
}

impl Chart {
    fn new(
        id: &'static str,
        title: String,
        period: &'static str,
        figures: &Figures,
        language: PageLanguage,
    ) -> Self {
        let cells = |row: &Row| row.values.iter().map(|value| language.number(*value)).collect();
        let count = figures.rows.len();
        let every = count.div_ceil(LABELS).max(1);
        let labelled = figures
            .rows
            .iter()
            .enumerate()
            .filter(|(at, _)| (count - 1 - at).is_multiple_of(every));
        Self {
            id,
            frame: FRAME,
            title,
            period,
            names: figures.names.clone(),
            drawn: figures.drawn,
            table: figures.rows.iter().map(|row| (row.label.clone(), cells(row))).collect(),
            grid: Scale::of(figures).grid(language),
            labels: labelled
                .map(|(at, row)| Label { x: centre(at, count), text: row.label.clone() })
                .collect(),
            bars: Vec::new(),
            line: String::new(),
            dots: Vec::new(),
        }
    }

    /// A group of bars for each row.
    pub(in crate::web) fn bars(
        id: &'static str,
        title: String,
        period: &'static str,
        figures: &Figures,
        language: PageLanguage,
    ) -> Self {
        let scale = Scale::of(figures);
        let (count, series) = (figures.rows.len(), number(figures.drawn).max(1));
        let width = ((RIGHT - LEFT) / number(count).max(1) - 4) / series;
        let width = width.clamp(2, 24);
        let mut bars = Vec::new();
        for (at, row) in figures.rows.iter().enumerate() {
            let start = centre(at, count) - width * series / 2;
            for (series, (value, name)) in
                row.values.iter().zip(&figures.names).take(figures.drawn).enumerate()
            {
                let (one, other) = (scale.y(*value), scale.y(0));
                bars.push(Bar {
                    x: start + width * number(series),
                    y: one.min(other),
                    width: width - 1,
                    height: (one - other).abs(),
                    series,
                    title: format!("{}: {name} {}", row.label, language.number(*value)),
                });
            }
        }
        Self { bars, ..Self::new(id, title, period, figures, language) }
    }

    /// A line through the first value of each row.
    pub(in crate::web) fn line(
        id: &'static str,
        title: String,
        period: &'static str,
        figures: &Figures,
        language: PageLanguage,
    ) -> Self {
        let scale = Scale::of(figures);
        let count = figures.rows.len();
        let dot = |(at, row): (usize, &Row)| {
            let value = row.values.first().copied().unwrap_or(0);
            let title = format!("{}: {}", row.label, language.number(value));
            Dot { x: centre(at, count), y: scale.y(value), title }
        };
        let dots: Vec<Dot> = figures.rows.iter().enumerate().map(dot).collect();
        let points: Vec<String> = dots.iter().map(|dot| format!("{},{}", dot.x, dot.y)).collect();
        let line = points.join(" ");
        Self { line, dots, ..Self::new(id, title, period, figures, language) }
    }
}

/// The middle of the space of a row.
fn centre(at: usize, count: usize) -> i64 {
    let count = number(count).max(1);
    LEFT + (RIGHT - LEFT) * (2 * number(at) + 1) / (2 * count)
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scale(values: &[i64]) -> (i64, i64, i64) {
        let rows = values.iter().map(|value| Row { label: String::new(), values: vec![*value] });
        let scale = Scale::of(&Figures { names: vec!["points"], drawn: 1, rows: rows.collect() });
        (scale.low, scale.high, scale.step)
    }

    #[test]
    fn a_scale_has_round_steps_and_contains_zero_and_all_values() {
        assert_eq!(scale(&[]), (0, 1, 1));
        assert_eq!(scale(&[3]), (0, 3, 1));
        assert_eq!(scale(&[17, 42]), (0, 60, 20));
        assert_eq!(scale(&[-30, 120]), (-50, 150, 50));
        assert_eq!(scale(&[1_000_000_000]), (0, 1_000_000_000, 500_000_000));
    }

    #[test]
    fn bars_end_at_zero_and_stay_in_the_picture() {
        let rows = (0..12).map(|at| Row { label: at.to_string(), values: vec![at * 10, 5] });
        let figures = Figures { names: vec!["earned", "spent"], drawn: 2, rows: rows.collect() };
        let chart = Chart::bars("c", String::new(), "week", &figures, PageLanguage::English);
        assert_eq!((chart.bars.len(), chart.table.len()), (24, 12));
        for bar in &chart.bars {
            assert_eq!(bar.y + bar.height, BOTTOM);
            assert!(LEFT <= bar.x && bar.x + bar.width <= RIGHT && TOP <= bar.y);
        }
        assert_eq!(chart.labels.last().unwrap().text, "11");
    }
}
