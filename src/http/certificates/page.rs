//! The page of a certificate.

use askama::Template;

use super::names::{badge_name, count, grade_name, rank_name, reached};
use super::texts::Texts;
use crate::domain::Rank;
use crate::domain::badges::{Award, AwardPeriod, built_in, image};
use crate::http::language::PageLanguage;
use crate::service::{Achievement, Certificate, Month};

/// The style of the page, which is in the page.
pub(super) const STYLE: &str = include_str!("certificate.css");

/// The badges that the certificate of a month names.
const MOST_BADGES: usize = 6;

#[derive(Template)]
#[template(path = "http/certificates/certificate.html")]
pub(super) struct CertificatePage {
    style: &'static str,
    language: &'static str,
    title: &'static str,
    name: Line,
    /// Whether the certificate is of bronze, silver or gold.
    metal: &'static str,
    /// The picture of a badge, as SVG.
    picture: Option<String>,
    /// The number of a rank.
    number: Option<usize>,
    verb: &'static str,
    subject: Line,
    reason: String,
    badges_label: &'static str,
    badges: Vec<String>,
    more_badges: Option<String>,
    day: String,
    date: String,
    date_label: &'static str,
    signature_label: &'static str,
}

/// A text whose size depends on its length, so that the certificate stays on one sheet.
struct Line {
    text: String,
}

impl Line {
    fn of(text: &(impl ToString + ?Sized)) -> Self {
        Self { text: text.to_string() }
    }

    /// The class of its size.
    fn size(&self) -> &'static str {
        match self.text.chars().count() {
            0..=24 => "short",
            25..=50 => "long",
            _ => "longer",
        }
    }
}

impl CertificatePage {
    pub(super) fn new(certificate: &Certificate, language: PageLanguage) -> Self {
        let texts = Texts::of(language);
        let page = Self {
            style: STYLE,
            language: language.tag(),
            title: texts.certificate,
            name: Line::of(&certificate.child.name),
            metal: "gold",
            picture: None,
            number: None,
            verb: "",
            subject: Line::of(""),
            reason: String::new(),
            badges_label: texts.badges,
            badges: Vec::new(),
            more_badges: None,
            day: certificate.day.to_string(),
            date: language.date(certificate.day),
            date_label: texts.date,
            signature_label: texts.signature,
        };
        match &certificate.achievement {
            Achievement::Badge(award) => page.for_badge(award, language),
            Achievement::Rank { number, rank, is_own } => {
                page.for_rank(*number, rank, *is_own, language)
            }
            Achievement::Month(month) => page.for_month(month, language),
        }
    }

    fn for_rank(self, number: usize, rank: &Rank, is_own: bool, language: PageLanguage) -> Self {
        let texts = Texts::of(language);
        let name = rank_name(number, rank, is_own, language);
        Self {
            number: Some(number),
            verb: texts.has_reached,
            subject: Line::of(&name),
            reason: count(rank.threshold, texts.points_earned, language),
            ..self
        }
    }

    fn for_month(self, month: &Month, language: PageLanguage) -> Self {
        let (texts, badges) = (Texts::of(language), &month.badges);
        let mut parts = vec![
            count(i64::from(month.tasks), texts.tasks_done, language),
            count(month.points_earned, texts.points_earned, language),
        ];
        if month.streak > 1 {
            parts.push(count(i64::from(month.streak), texts.days_in_a_row, language));
        }
        let more = badges.len().saturating_sub(MOST_BADGES);
        Self {
            verb: texts.in_month,
            subject: Line::of(&language.month(month.first)),
            reason: parts.join(" · "),
            badges: badges.iter().take(MOST_BADGES).map(|it| titled(it, language)).collect(),
            more_badges: (more > 0).then(|| texts.more.replace("{}", &more.to_string())),
            ..self
        }
    }

    fn for_badge(self, award: &Award, language: PageLanguage) -> Self {
        let texts = Texts::of(language);
        let period = award.key.period.map(|period| match period {
            AwardPeriod::Week(first) => texts.in_the_week.replace("{}", &language.date(first)),
            AwardPeriod::Month(first) => texts.in_the_month.replace("{}", &language.month(first)),
        });
        let reached = reached(&award.metric, award.threshold, language);
        Self {
            picture: Some(image(&award.metric, award.key.grade)),
            metal: METALS[usize::from(award.key.grade.number()) - 1],
            verb: texts.has_earned,
            subject: Line::of(&titled(award, language)),
            reason: [Some(reached), period].into_iter().flatten().collect::<Vec<_>>().join(" "),
            ..self
        }
    }
}

const METALS: [&str; 3] = ["bronze", "silver", "gold"];

/// The name of a badge with its grade. A badge with one grade only has no name of it.
fn titled(award: &Award, language: PageLanguage) -> String {
    let built_in = built_in().iter().find(|badge| badge.id == award.key.badge_id);
    let name = badge_name(&award.key.badge_id, &award.badge_name, language);
    if built_in.is_some_and(|badge| badge.thresholds.values().len() == 1) {
        return name;
    }
    format!("{name} ({})", grade_name(award.key.grade, language))
}
