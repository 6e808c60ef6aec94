//! The pictures of badges: a medal whose shape and colour show the grade, with a sign for the metric.

use super::definition::Grade;
use super::metric::Metric;

/// The length of each side of a picture in its own units.
const SIDE: u32 = 96;

/// Returns the picture of a grade of a badge as an SVG document. Equal arguments give equal text. It contains no
/// text, style sheet, script or link, so that every content security policy allows it.
pub fn image(metric: &Metric, grade: Grade) -> String {
    let [light, dark] = colours(grade);
    let (medal, sign) = (medal(grade), sign(metric));
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{SIDE}" height="{SIDE}" viewBox="0 0 {SIDE} {SIDE}">
<path d="M28 60 20 94l14-6 8 8 6-24 6 24 8-8 14 6-8-34z" fill="#2f5d9b"/>
<g fill="{light}" stroke="{dark}" stroke-width="3" stroke-linejoin="round">{medal}</g>
<circle cx="48" cy="40" r="26" fill="#fff" fill-opacity=".45"/>
<g fill="{dark}">{sign}</g>
</svg>
"##
    )
}

/// The colours of the surface, and of the border and the sign.
fn colours(grade: Grade) -> [&'static str; 2] {
    match grade {
        Grade::Bronze => ["#d99a5b", "#6b3e12"],
        Grade::Silver => ["#cfd6de", "#48525e"],
        Grade::Gold => ["#f6cf4a", "#7a5600"],
    }
}

/// The shapes differ, so that a picture in black and white shows the grade, too.
fn medal(grade: Grade) -> &'static str {
    match grade {
        Grade::Bronze => r#"<circle cx="48" cy="40" r="34"/>"#,
        Grade::Silver => {
            r#"<polygon points="61.4,7.7 80.3,26.6 80.3,53.4 61.4,72.3 34.6,72.3 15.7,53.4 15.7,26.6 34.6,7.7"/>"#
        }
        Grade::Gold => {
            "<polygon points=\"48.0,3.0 54.0,9.6 62.2,5.8 65.2,14.2 74.2,13.8 73.8,22.8 82.2,25.8 78.4,34.0 85.0,40.0 78.4,46.0 \
             82.2,54.2 73.8,57.2 74.2,66.2 65.2,65.8 62.2,74.2 54.0,70.4 48.0,77.0 42.0,70.4 33.8,74.2 30.8,65.8 \
             21.8,66.2 22.2,57.2 13.8,54.2 17.6,46.0 11.0,40.0 17.6,34.0 13.8,25.8 22.2,22.8 21.8,13.8 30.8,14.2 33.8,5.8 42.0,9.6\"/>"
        }
    }
}

fn sign(metric: &Metric) -> &'static str {
    match metric {
        // A check mark.
        Metric::TasksDone => r#"<path d="m31 41 6-6 8 8 15-17 6 6-21 24z"/>"#,
        // A star.
        Metric::PointsEarned => {
            r#"<polygon points="48.0,21.0 52.7,33.5 66.1,34.1 55.6,42.5 59.2,55.4 48.0,48.0 36.8,55.4 40.4,42.5 29.9,34.1 43.3,33.5"/>"#
        }
        // A flame.
        Metric::StreakDays => {
            r#"<path d="M49 19c2 10 14 14 14 26 0 9-6 15-15 15s-15-6-15-15c0-6 3-10 6-13 0 4 2 6 4 7 0-8 2-14 6-20z"/>"#
        }
        // A heart.
        Metric::DaysWithoutPenalty => {
            r#"<path d="M48 59C35 49 29 43 29 35c0-6 4-10 9-10 4 0 8 2 10 7 2-5 6-7 10-7 5 0 9 4 9 10 0 8-6 14-19 24z"/>"#
        }
        // A present.
        Metric::RewardsRedeemed => {
            r#"<path d="M31 33h34v7H31zm3 10h12v15H34zm16 0h12v15H50zM47 31c-8 0-13-3-12-7 2-5 9-3 13 4 4-7 11-9 13-4 1 4-4 7-12 7z"/>"#
        }
        // A target.
        Metric::TaskDone(_) => {
            r#"<path fill-rule="evenodd" d="M48 20a20 20 0 1 0 0 40 20 20 0 0 0 0-40zm0 5a15 15 0 1 1 0 30 15 15 0 0 1 0-30z"/><circle cx="48" cy="40" r="8"/>"#
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_metric_and_grade_has_a_picture_of_its_own() {
        let metrics = Metric::NAMES.map(|name| {
            let task = (name == Metric::TASK_DONE).then(|| "t".into());
            Metric::find(name, task).unwrap()
        });
        let all = metrics.iter().flat_map(|metric| Grade::ALL.map(|grade| image(metric, grade)));
        let images: BTreeSet<String> = all.collect();
        assert_eq!(images.len(), Metric::NAMES.len() * Grade::ALL.len());
        for image in images {
            assert_eq!(image.matches('<').count(), image.matches('>').count());
            assert!(!image.contains("style") && !image.contains("href") && image.len() < 2_000);
        }
    }
}
