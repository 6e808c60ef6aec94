use super::{Email, User};

/// Which accounts a list contains. An account must match all conditions.
#[derive(Clone, Debug, Default)]
pub struct AccountFilter {
    /// The account's id, or a part of its email address or of its names in any case.
    pub search: Option<Box<str>>,
    pub email: Option<Email>,
    pub is_marked: Option<bool>,
}

impl AccountFilter {
    /// The searched part, in lower case like [`Email::folded`].
    pub fn folded_search(&self) -> Option<String> {
        self.search.as_ref().map(|text| text.to_lowercase())
    }

    pub fn matches(&self, user: &User) -> bool {
        let (email, folded) = (user.email.folded(), self.folded_search());
        let is_found = |text: &str| user.id.as_str() == text;
        let names = || format!("{} {}", user.first_name.as_str(), user.last_name.as_str());
        let is_part = folded
            .is_some_and(|text| email.contains(&text) || names().to_lowercase().contains(&text));
        self.search.as_deref().is_none_or(|text| is_part || is_found(text))
            && self.email.as_ref().is_none_or(|wanted| wanted.folded() == email)
            && self.is_marked.is_none_or(|wanted| wanted == user.deletion.is_some())
    }
}
