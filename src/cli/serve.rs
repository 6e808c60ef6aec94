//! `goldstar serve`

use std::fmt;
use std::io::{self, Write};
use std::net::SocketAddr;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::server_log::ServerLog;
use super::{Failure, runtime};
use crate::app;
use crate::config::{Config, Everything, Flags};
use crate::service::Demo;

pub(super) fn run(flags: &Flags<Everything>) -> Result<(), Failure> {
    let config = Config::resolve(flags)?;
    // Held to the end of this function, whichever it is: then everything that was said is written.
    let _log = ServerLog::start(&config.server_log)?;
    let runtime = runtime()?;
    let served = runtime.block_on(serve(config));
    // The data is closed by now: nobody waits for a thread that still reads or computes.
    runtime.shutdown_background();
    served
}

async fn serve(config: Config) -> Result<(), Failure> {
    let what = format!("{} can't be served on", config.listen);
    let listener = TcpListener::bind(&config.listen).await.map_err(Failure::io(what))?;
    let shutdown = CancellationToken::new();
    cancel_on_signal(&shutdown)?;
    let (storage, signup_open) = (config.storage.clone(), config.service.signup_open);
    let server = app::launch(config, listener, shutdown).await?;
    let greeting = Greeting {
        address: server.address(),
        can_begin: server.is_new() && signup_open,
        demo: server.demo(),
    };
    // A server that nobody listens to, its output closed, serves all the same.
    if let Err(error) = writeln!(io::stdout(), "{greeting}") {
        tracing::warn!(%error, "the greeting could not be printed");
    }
    tracing::info!(
        address = %server.address(),
        data = %storage.data_dir.display(),
        logs = %storage.log_dir.display(),
        "serving"
    );
    server.ended().await?;
    tracing::info!("stopped");
    Ok(())
}

/// Both signals are watched before anything else starts, so that neither finds the default, which
/// would end the process at once.
fn cancel_on_signal(shutdown: &CancellationToken) -> Result<(), Failure> {
    let watch = |kind| signal(kind).map_err(Failure::io("signals can't be watched"));
    let mut terminate = watch(SignalKind::terminate())?;
    let mut interrupt = watch(SignalKind::interrupt())?;
    let shutdown = shutdown.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping");
        shutdown.cancel();
    });
    Ok(())
}

/// What a person at the terminal needs first.
struct Greeting<'a> {
    address: SocketAddr,
    /// Whether the first account is still to be made, and may be.
    can_begin: bool,
    demo: Option<&'a Demo>,
}

impl fmt::Display for Greeting<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = format!("http://{}", self.address);
        writeln!(f, "Goldstar serves {at}")?;
        match self.demo {
            Some(demo) => greet_with_demo(f, &at, demo),
            None if self.can_begin => {
                writeln!(f, "Try:  curl {at}/health")?;
                write!(
                    f,
                    "Begin with an account:  curl -c cookies -H 'Content-Type: application/json' \
                     -d '{{\"first_name\":\"Ada\",\"last_name\":\"Family\",\"email\":\"ada@example.org\",\
                     \"password\":\"change me, please\"}}' {at}/auth/signup"
                )
            }
            None => write!(f, "Try:  curl {at}/health"),
        }
    }
}

/// Where the demo's `curl` lines keep their session.
const COOKIES: &str = "/tmp/goldstar-demo.cookies";

fn greet_with_demo(f: &mut fmt::Formatter<'_>, at: &str, demo: &Demo) -> fmt::Result {
    let Demo { parent, admin, .. } = demo;
    let (email, password) = (parent.email, &parent.password);
    let curl = format!("curl -sS -b {COOKIES}");
    let child = format!("{at}/children/{}", demo.child.id);
    let (task, penalty, reward) = (&demo.task.id, &demo.penalty.id, &demo.reward.id);
    writeln!(f)?;
    writeln!(f, "A parent logs in as         {email}, {password}")?;
    let (email_of_admin, password_of_admin) = (admin.email, &admin.password);
    writeln!(f, "an administrator as         {email_of_admin}, {password_of_admin}")?;
    writeln!(f)?;
    writeln!(f, "Try, line by line: log in, do a task, get a penalty, pay for a reward, read on.")?;
    writeln!(f)?;
    writeln!(
        f,
        "curl -sS -c {COOKIES} -H 'Content-Type: application/json' \
         -d '{{\"email\":\"{email}\",\"password\":\"{password}\"}}' {at}/auth/login"
    )?;
    writeln!(f, "{curl} -X POST {child}/tasks/{task}/activate")?;
    writeln!(f, "{curl} -X POST {child}/tasks/{penalty}/activate")?;
    writeln!(f, "{curl} -X POST {child}/rewards/{reward}/redeem")?;
    writeln!(f, "{curl} {child}/tracking")?;
    writeln!(f)?;
    writeln!(f, "In a second terminal, each event as it happens, after the first line:")?;
    writeln!(f)?;
    write!(f, "curl -N -sS -b {COOKIES} {at}/events")
}
