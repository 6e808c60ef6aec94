//! The text that a server prints on its standard output when it is ready.

use std::fmt;
use std::net::SocketAddr;
use std::path::{self, Path, PathBuf};

use crate::service::Demo;

/// The address, the data directory, and the commands to try first.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact about the start")]
pub(super) struct Greeting<'a> {
    pub(super) address: SocketAddr,
    /// Whether there is no account yet, and anyone can create one.
    pub(super) can_begin: bool,
    pub(super) demo: Option<&'a Demo>,
    /// Whether there are pages.
    pub(super) has_pages: bool,
    /// The data directory.
    pub(super) data_dir: &'a Path,
    /// Whether a database is used instead.
    pub(super) is_database: bool,
    /// Whether this start has created the data directory.
    pub(super) is_created: bool,
    /// The number of accounts.
    pub(super) accounts: usize,
}

impl fmt::Display for Greeting<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = format!("http://{}", self.address);
        writeln!(f, "Goldstar serves {at}")?;
        let created = if self.is_created { "new, " } else { "" };
        let plural = if self.accounts == 1 { "" } else { "s" };
        let accounts = self.accounts;
        let directory = self.data_dir.display();
        let data: &dyn fmt::Display = if self.is_database { &"PostgreSQL" } else { &directory };
        writeln!(f, "Data: {data} ({created}{accounts} account{plural})")?;
        if self.has_pages {
            writeln!(f, "Open: {at} in a browser")?;
        }
        match self.demo {
            Some(demo) => greet_with_demo(f, &at, demo, &cookies_beside(self.data_dir)),
            None if self.can_begin => {
                writeln!(f, "Try:  curl {at}/health")?;
                writeln!(f, "API:  {at}/docs")?;
                writeln!(f, "Demo: goldstar --demo --data-dir demo-data")?;
                write!(
                    f,
                    "Create an account:  curl -c cookies -H 'Content-Type: application/json' \
                     -d '{{\"first_name\":\"Ada\",\"last_name\":\"Family\",\"email\":\"ada@example.org\",\
                     \"password\":\"change me, please\"}}' {at}/auth/signup"
                )
            }
            None => write!(f, "Try:  curl {at}/health\nAPI:  {at}/docs"),
        }
    }
}

/// The file in which the demo's `curl` lines keep their session. It is beside the demo's data, so that
/// two demos don't share it and the lines work in any directory.
fn cookies_beside(data_dir: &Path) -> String {
    let data_dir = path::absolute(data_dir).unwrap_or_else(|_| data_dir.to_owned());
    // Removes a slash at the end.
    let data_dir: PathBuf = data_dir.components().collect();
    quoted(&format!("{}.cookies", data_dir.display()))
}

/// Quotes a text as one word for a shell.
fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    if text.chars().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

fn greet_with_demo(
    f: &mut fmt::Formatter<'_>,
    at: &str,
    demo: &Demo,
    cookies: &str,
) -> fmt::Result {
    let curl = format!("curl -sS -b {cookies}");
    let child = format!("{at}/children/{}", demo.child.id);
    let (task, penalty, reward) = (&demo.task.id, &demo.penalty.id, &demo.reward.id);
    writeln!(f)?;
    for (who, login) in [
        ("A parent", &demo.parent),
        ("Another parent", &demo.second_parent),
        ("A grandmother", &demo.helper),
        ("An administrator", &demo.admin),
    ] {
        let who = format!("{who} logs in as");
        writeln!(f, "{who:<27} {}, {}", login.email, login.password)?;
    }
    writeln!(f, "{:<27} {at}/demo", "An example front end")?;
    writeln!(f)?;
    writeln!(
        f,
        "Try these commands: log in, do a task, get a penalty, redeem a reward, read the history."
    )?;
    writeln!(f)?;
    let (email, password) = (demo.parent.email, &demo.parent.password);
    writeln!(
        f,
        "curl -sS -c {cookies} -H 'Content-Type: application/json' \
         -d '{{\"email\":\"{email}\",\"password\":\"{password}\"}}' {at}/auth/login"
    )?;
    writeln!(f, "{curl} -X POST {child}/tasks/{task}/activate")?;
    writeln!(f, "{curl} -X POST {child}/tasks/{penalty}/activate")?;
    writeln!(f, "{curl} -X POST {child}/rewards/{reward}/redeem")?;
    writeln!(f, "{curl} {child}/tracking")?;
    writeln!(f)?;
    writeln!(f, "In a second terminal, after the first command, print each event as it happens:")?;
    writeln!(f)?;
    write!(f, "curl -N -sS -b {cookies} {at}/events")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_word_of_the_shell() {
        for (text, word) in [
            ("/var/lib/goldstar-1/data.cookies", "/var/lib/goldstar-1/data.cookies"),
            ("/home/a b/data.cookies", "'/home/a b/data.cookies'"),
            ("/it's $HOME/`x`", r"'/it'\''s $HOME/`x`'"),
        ] {
            assert_eq!(quoted(text), word);
        }
    }

    #[test]
    fn each_data_directory_has_its_own_cookies() {
        let paths = ["/demo/data", "/demo/other/", "/demo/data.1"].map(Path::new);
        let cookies = paths.map(cookies_beside);
        assert_eq!(cookies, ["/demo/data.cookies", "/demo/other.cookies", "/demo/data.1.cookies"]);
    }
}
