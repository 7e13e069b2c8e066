//! The configuration again: on SIGHUP, and when its file changes.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::config::env;

/// Editors write a file in several steps: so long nothing must have changed.
const SETTLE: Duration = Duration::from_millis(100);

/// How often a file that is gone, between two steps of an editor say, is looked for.
const MISSING: Duration = Duration::from_millis(500);

/// Takes the file in again whenever it is asked to, until `stop`.
pub(super) async fn watch(app: &Arc<App>, path: &Path, stop: &CancellationToken) {
    let changed = Arc::new(Notify::new());
    let mut hangup: Option<Signal> = signal(SignalKind::hangup()).ok();
    let mut watched = watcher(path, Arc::clone(&changed));
    loop {
        let hung_up = async {
            match &mut hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        let changes = async {
            match &watched {
                Ok(_) => changed.notified().await,
                Err(_) => tokio::time::sleep(MISSING).await,
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            _ = hung_up => {}
            () = changes => settle(&changed).await,
        }
        // Watched anew each time, because editors and Kubernetes put another file in its place; and before it is read,
        // so that no change is missed.
        watched = watcher(path, Arc::clone(&changed));
        if path.exists() {
            reload(app, path);
        }
    }
}

async fn settle(changed: &Notify) {
    while tokio::time::timeout(SETTLE, changed.notified()).await.is_ok() {}
}

/// Watches the file alone: its folder may hold the ledger, whose every write would wake a watcher of the folder.
fn watcher(path: &Path, changed: Arc<Notify>) -> notify::Result<RecommendedWatcher> {
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        if event.is_ok_and(|event| !event.kind.is_access()) {
            changed.notify_one();
        }
    })?;
    watcher.watch(path, RecursiveMode::NonRecursive)?;
    Ok(watcher)
}

/// Takes the file in; one that is wrong is told about and changes nothing.
fn reload(app: &App, path: &Path) {
    match env::load(path) {
        Err(error) => tracing::error!(error = format!("{error:#}"), "the configuration stays as it was"),
        Ok(Err(problems)) => {
            for problem in &problems.problems {
                let line = problems.line(problem);
                tracing::error!(file = %path.display(), line, message = problem.message, help = problem.help, "the configuration is wrong");
            }
            tracing::error!(problems = problems.problems.len(), "the configuration stays as it was");
        }
        Ok(Ok(config)) => {
            let before = app.snapshot();
            let (old, new) = (&before.config, &config);
            if old.server.listen != new.server.listen || old.ledger.path != new.ledger.path {
                tracing::warn!("another address or ledger takes effect at the next start");
            }
            app.reload(config);
            tracing::info!("the configuration was loaded again");
        }
    }
}
