//! What the pages say: a struct for each page, and all of them.

use super::words::Counted;
use super::{
    account, child_app, console, console_accounts, console_log, devices, history, hooks,
    invitation, members, planning, progress, tokens,
};
use crate::http::error::ErrorCode;

/// The texts in one language. In a text, `{0}` and `{1}` are replaced.
pub(in crate::web) struct Texts {
    pub(in crate::web) common: Common,
    pub(in crate::web) navigation: Navigation,
    pub(in crate::web) fields: Fields,
    pub(in crate::web) errors: Errors,
    pub(in crate::web) sign_in: SignIn,
    pub(in crate::web) time: Time,
    pub(in crate::web) events: Events,
    pub(in crate::web) home: Home,
    pub(in crate::web) child: Child,
    pub(in crate::web) account: account::Account,
    pub(in crate::web) members: members::Members,
    pub(in crate::web) invitation: invitation::Invitation,
    pub(in crate::web) console: console::Console,
    pub(in crate::web) console_accounts: console_accounts::ConsoleAccounts,
    pub(in crate::web) console_log: console_log::ConsoleLog,
    pub(in crate::web) plan: planning::Planning,
    pub(in crate::web) hooks: hooks::Hooks,
    pub(in crate::web) tokens: tokens::Tokens,
    pub(in crate::web) child_app: child_app::ChildApp,
    /// What happened, in the words of the child.
    pub(in crate::web) own_events: Events,
    pub(in crate::web) devices: devices::Devices,
    pub(in crate::web) history: history::History,
    pub(in crate::web) progress: progress::Progress,
}

/// What all pages say.
pub(in crate::web) struct Common {
    pub(in crate::web) skip: &'static str,
    pub(in crate::web) sign_out: &'static str,
    pub(in crate::web) save: &'static str,
    pub(in crate::web) back: &'static str,
    pub(in crate::web) offline: &'static str,
    pub(in crate::web) not_saved: &'static str,
    pub(in crate::web) undo: &'static str,
    pub(in crate::web) with_reason: &'static str,
    pub(in crate::web) theme: &'static str,
    pub(in crate::web) theme_system: &'static str,
    pub(in crate::web) theme_light: &'static str,
    pub(in crate::web) theme_dark: &'static str,
    pub(in crate::web) language: &'static str,
    pub(in crate::web) api: &'static str,
    pub(in crate::web) navigation: &'static str,
    pub(in crate::web) check_fields: &'static str,
    pub(in crate::web) points: Counted,
    /// After a number that says how many.
    pub(in crate::web) points_word: &'static str,
}

/// The names of the pages.
pub(in crate::web) struct Navigation {
    pub(in crate::web) home: &'static str,
    pub(in crate::web) week: &'static str,
    pub(in crate::web) tasks: &'static str,
    pub(in crate::web) rewards: &'static str,
    pub(in crate::web) badges: &'static str,
    pub(in crate::web) history: &'static str,
    pub(in crate::web) family: &'static str,
    pub(in crate::web) console: &'static str,
    pub(in crate::web) today: &'static str,
    pub(in crate::web) overview: &'static str,
    pub(in crate::web) tracking: &'static str,
    pub(in crate::web) live_events: &'static str,
    pub(in crate::web) accounts: &'static str,
    pub(in crate::web) deletions: &'static str,
    pub(in crate::web) log: &'static str,
    pub(in crate::web) backups: &'static str,
    pub(in crate::web) webhooks: &'static str,
    pub(in crate::web) family_app: &'static str,
}

/// The labels of fields, and what they can contain.
pub(in crate::web) struct Fields {
    pub(in crate::web) email: &'static str,
    pub(in crate::web) password: &'static str,
    pub(in crate::web) new_password: &'static str,
    pub(in crate::web) new_password_hint: &'static str,
    pub(in crate::web) first_name: &'static str,
    pub(in crate::web) last_name: &'static str,
    pub(in crate::web) missing: &'static str,
    pub(in crate::web) invalid: &'static str,
}

/// The pages of errors.
pub(in crate::web) struct Errors {
    pub(in crate::web) title: &'static str,
    pub(in crate::web) home: &'static str,
    /// The text of a code that has no text of its own.
    pub(in crate::web) other: &'static str,
    pub(in crate::web) by_code: &'static [(ErrorCode, &'static str)],
}

impl Errors {
    pub(in crate::web) fn text(&self, code: ErrorCode) -> &'static str {
        let found = self.by_code.iter().find(|(other, _)| *other == code);
        found.map_or(self.other, |(_, text)| text)
    }
}

pub(in crate::web) struct SignIn {
    pub(in crate::web) title: &'static str,
    pub(in crate::web) lead: &'static str,
    pub(in crate::web) submit: &'static str,
    pub(in crate::web) forgotten: &'static str,
    pub(in crate::web) forgotten_hint: &'static str,
    pub(in crate::web) reset_link: &'static str,
    pub(in crate::web) reset_open: &'static str,
    pub(in crate::web) no_account: &'static str,
    pub(in crate::web) sign_up: &'static str,
    pub(in crate::web) sign_up_title: &'static str,
    pub(in crate::web) sign_up_submit: &'static str,
    pub(in crate::web) have_account: &'static str,
    pub(in crate::web) pair_device: &'static str,
    pub(in crate::web) marked: &'static str,
    pub(in crate::web) restore: &'static str,
    pub(in crate::web) reset_title: &'static str,
    pub(in crate::web) reset_submit: &'static str,
    pub(in crate::web) reset_done: &'static str,
}

/// When something happened.
pub(in crate::web) struct Time {
    pub(in crate::web) just_now: &'static str,
    pub(in crate::web) minutes_ago: Counted,
    pub(in crate::web) today_at: &'static str,
    pub(in crate::web) yesterday_at: &'static str,
    pub(in crate::web) with_date: &'static str,
}

/// What happened to a child.
pub(in crate::web) struct Events {
    pub(in crate::web) done: &'static str,
    pub(in crate::web) penalty: &'static str,
    pub(in crate::web) wished: &'static str,
    pub(in crate::web) reported: &'static str,
    pub(in crate::web) redeemed: &'static str,
    pub(in crate::web) withdrawn: &'static str,
    pub(in crate::web) rejected: &'static str,
    pub(in crate::web) adjusted: &'static str,
    pub(in crate::web) undone: &'static str,
    pub(in crate::web) undone_link: &'static str,
    pub(in crate::web) unnamed: &'static str,
    pub(in crate::web) by_child: &'static str,
    pub(in crate::web) by_parent: &'static str,
    pub(in crate::web) by_schedule: &'static str,
}

/// The first page of an adult.
pub(in crate::web) struct Home {
    pub(in crate::web) title: &'static str,
    pub(in crate::web) inbox: &'static str,
    pub(in crate::web) inbox_empty: &'static str,
    pub(in crate::web) has_done: &'static str,
    pub(in crate::web) wants: &'static str,
    pub(in crate::web) approve: &'static str,
    pub(in crate::web) approve_all: &'static str,
    pub(in crate::web) reject: &'static str,
    pub(in crate::web) reason: &'static str,
    pub(in crate::web) points_to_give: &'static str,
    pub(in crate::web) costs: Counted,
    pub(in crate::web) children: &'static str,
    pub(in crate::web) today: &'static str,
    pub(in crate::web) streak: Counted,
    pub(in crate::web) reserved: Counted,
    pub(in crate::web) set_up: &'static str,
    pub(in crate::web) set_up_lead: &'static str,
    pub(in crate::web) add_child: &'static str,
    pub(in crate::web) add_task: &'static str,
    pub(in crate::web) add_reward: &'static str,
    pub(in crate::web) step_done: &'static str,
}

/// The page of a child, for adults.
pub(in crate::web) struct Child {
    pub(in crate::web) tasks: &'static str,
    pub(in crate::web) penalties: &'static str,
    pub(in crate::web) rewards: &'static str,
    pub(in crate::web) search: &'static str,
    pub(in crate::web) no_tasks: &'static str,
    pub(in crate::web) no_penalties: &'static str,
    pub(in crate::web) no_rewards: &'static str,
    pub(in crate::web) needed: Counted,
    pub(in crate::web) requested: &'static str,
    pub(in crate::web) adjust: &'static str,
    pub(in crate::web) adjust_hint: &'static str,
    pub(in crate::web) adjust_points: &'static str,
    pub(in crate::web) reason: &'static str,
    pub(in crate::web) recent: &'static str,
    pub(in crate::web) no_events: &'static str,
    pub(in crate::web) has_points: &'static str,
}
