//! The gateway as a process: start, reload, upkeep, stop.

mod reload;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use ledger::{Ledger, Options};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::config::{Config, env};
use crate::request::forward::client::Client;
use crate::{logging, server};

/// How often rows beyond their retention are looked for.
const UPKEEP: Duration = Duration::from_secs(600);

/// Runs until the process is told to stop. `path` is the file that the configuration came from and is read again from.
///
/// # Errors
/// When the ledger cannot be opened or the address not be listened on.
pub fn run(config: Config, path: Option<&Path>) -> anyhow::Result<ExitCode> {
    logging::start(&config.log, &env::Process).context("the log cannot be started")?;
    let runtime = tokio::runtime::Runtime::new().context("the runtime cannot be started")?;
    runtime.block_on(serve(config, path))?;
    Ok(ExitCode::SUCCESS)
}

async fn serve(config: Config, path: Option<&Path>) -> anyhow::Result<()> {
    let address = config.server.listen;
    let ledger = Ledger::open(Path::new(&config.ledger.path), Options::default())?;
    let app = App::new(config, Client::new()?, ledger);
    #[cfg(feature = "otlp")]
    if let Some(traces) = crate::traces::Traces::start(&env::Process)? {
        // The application is new, so nothing has been set before.
        let _first = app.traces.set(traces);
    }
    let listener = TcpListener::bind(address).await.with_context(|| format!("{address} cannot be listened on"))?;
    // Before anybody can know that it runs: a signal that nothing waits for ends the process at once.
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tracing::info!(address = %listener.local_addr()?, "listening");
    let stop = CancellationToken::new();
    let stopping = async {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping: running requests may end");
        stop.cancel();
    };
    let reloading = async {
        if let Some(path) = path {
            reload::watch(&app, path, &stop).await;
        }
    };
    tokio::join!(server::serve(Arc::clone(&app), listener, stop.clone()), stopping, reloading, upkeep(&app, &stop));
    #[cfg(feature = "otlp")]
    if let Some(traces) = app.traces.get() {
        tokio::task::block_in_place(|| traces.flush());
    }
    let patience = app.snapshot().config.server.shutdown_grace;
    if !app.ledger.flush(patience) {
        tracing::error!(rows = app.ledger.pending(), "rows could not be written before the end");
    }
    Ok(())
}

/// Forgets what is older than the configuration keeps.
async fn upkeep(app: &App, stop: &CancellationToken) {
    loop {
        let retention = app.snapshot().config.ledger.retention;
        let oldest = app.wall_us().saturating_sub(i64::try_from(retention.as_micros()).unwrap_or(i64::MAX));
        app.ledger.forget_before(oldest);
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(UPKEEP) => {}
        }
    }
}
