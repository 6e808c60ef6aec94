//! Plots as SVG, with colours for light and dark pages.

use std::fmt::Write as _;

use crate::table::rounded;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 360.0;
/// The edges of the area of the lines.
const LEFT: f64 = 76.0;
const RIGHT: f64 = 672.0;
const TOP: f64 = 62.0;
const BOTTOM: f64 = 300.0;

const STYLE: &str = "\
text { font: 13px system-ui, sans-serif; fill: #24292f } .title { font-size: 16px; font-weight: 600 }
.grid { stroke: #d0d7de } .line { fill: none; stroke-width: 2 }
.line0 { stroke: #0550ae } .line1 { stroke: #bc4c00; stroke-dasharray: 6 3 }
.mark0 { fill: #0550ae } .mark1 { fill: #bc4c00 } .page { fill: #ffffff }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .grid { stroke: #3d444d } .line0 { stroke: #79c0ff } .line1 { stroke: #ffa657 }
.mark0 { fill: #79c0ff } .mark1 { fill: #ffa657 } .page { fill: #0d1117 }
}";

/// A series of points.
pub(super) struct Line {
    pub(super) name: &'static str,
    pub(super) points: Vec<(f64, f64)>,
}

/// At most two lines over a logarithmic axis.
pub(super) struct Plot {
    pub(super) title: &'static str,
    pub(super) x: &'static str,
    /// The unit of the values.
    pub(super) y: &'static str,
    pub(super) lines: Vec<Line>,
}

impl Plot {
    pub(super) fn svg(&self) -> String {
        let points = || self.lines.iter().flat_map(|line| &line.points);
        let top = rounded_up(points().map(|point| point.1).fold(0.0, f64::max));
        let (first, last) = points().fold((f64::MAX, f64::MIN), |(first, last), (x, _)| {
            (first.min(x.log10()), last.max(x.log10()))
        });
        let scale = Scale { first, last, top };
        let mut svg = String::new();
        self.write(&mut svg, &scale).unwrap();
        svg
    }

    fn write(&self, out: &mut String, scale: &Scale) -> std::fmt::Result {
        let Self { title, x, y, .. } = self;
        writeln!(
            out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
             aria-label=\"{title}, {y}, by {x}\">\n<style>{STYLE}</style>\n\
             <rect class=\"page\" width=\"{WIDTH}\" height=\"{HEIGHT}\"/>\n\
             <text class=\"title\" x=\"{LEFT}\" y=\"24\">{title}</text>\n\
             <text x=\"{LEFT}\" y=\"48\">{y}</text>\n\
             <text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{x} (logarithmic)</text>",
            f64::midpoint(LEFT, RIGHT),
            HEIGHT - 12.0,
        )?;
        scale.write_grid(out)?;
        let mut right = RIGHT;
        for (n, line) in self.lines.iter().enumerate() {
            writeln!(
                out,
                "<circle class=\"mark{n}\" cx=\"{}\" cy=\"44\" r=\"4\"/>\n\
                 <text x=\"{}\" y=\"48\">{}</text>",
                right - NAME_WIDTH,
                right - NAME_WIDTH + 10.0,
                line.name,
            )?;
            right -= NAME_WIDTH;
            line.write(out, scale, n)?;
        }
        out.write_str("</svg>\n")
    }
}

/// The space for the mark and the name of a line.
const NAME_WIDTH: f64 = 175.0;

impl Line {
    fn write(&self, out: &mut String, scale: &Scale, n: usize) -> std::fmt::Result {
        write!(out, "<polyline class=\"line line{n}\" points=\"")?;
        for (x, y) in &self.points {
            write!(out, "{:.1},{:.1} ", scale.x(x.log10()), scale.y(*y))?;
        }
        writeln!(out, "\"/>")?;
        for (x, y) in &self.points {
            let (left, above) = (scale.x(x.log10()), scale.y(*y));
            writeln!(
                out,
                "<circle class=\"mark{n}\" cx=\"{left:.1}\" cy=\"{above:.1}\" r=\"4\">\
                 <title>{}</title></circle>",
                rounded(*y)
            )?;
        }
        Ok(())
    }
}

struct Scale {
    /// Powers of ten.
    first: f64,
    last: f64,
    top: f64,
}

impl Scale {
    fn x(&self, power: f64) -> f64 {
        LEFT + (power - self.first) / (self.last - self.first) * (RIGHT - LEFT)
    }

    fn y(&self, value: f64) -> f64 {
        BOTTOM - value / self.top * (BOTTOM - TOP)
    }

    fn write_grid(&self, out: &mut String) -> std::fmt::Result {
        for part in [0.0, 0.25, 0.5, 0.75, 1.0] {
            let (value, y) = (self.top * part, self.y(self.top * part));
            writeln!(
                out,
                "<path class=\"grid\" d=\"M{LEFT} {y:.1}H{RIGHT}\"/>\n\
                 <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                LEFT - 8.0,
                y + 4.0,
                label(value)
            )?;
        }
        let mut power = self.first;
        while power < self.last + 0.5 {
            let x = self.x(power);
            writeln!(
                out,
                "<path class=\"grid\" d=\"M{x:.1} {TOP}V{BOTTOM}\"/>\n\
                 <text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
                BOTTOM + 20.0,
                label(10_f64.powf(power))
            )?;
            power += 1.0;
        }
        Ok(())
    }
}

/// The next larger number of the form 1, 2, 4 or 8 times a power of ten, so that a quarter of it is a short number.
fn rounded_up(value: f64) -> f64 {
    let power = 10_f64.powf(value.log10().floor());
    [1.0, 2.0, 4.0, 8.0, 10.0]
        .map(|it| it * power)
        .into_iter()
        .find(|it| *it >= value)
        .unwrap_or(1.0)
}

/// A number of an axis, with commas between thousands.
fn label(value: f64) -> String {
    if value < 1_000.0 {
        let text = format!("{value:.2}");
        return text.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    let digits = format!("{value:.0}");
    let parts: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .filter_map(|part| std::str::from_utf8(part).ok())
        .collect();
    parts.join(",")
}
