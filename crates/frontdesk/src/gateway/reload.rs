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

/// Takes the file in again whenever it is asked to, until `stop`.
pub(super) async fn watch(app: &Arc<App>, path: &Path, stop: &CancellationToken) {
    let changed = Arc::new(Notify::new());
    let watcher = watcher(path, Arc::clone(&changed));
    if let Err(error) = &watcher {
        tracing::warn!(%error, "changes of the configuration are not noticed; send SIGHUP after one");
    }
    let mut hangup: Option<Signal> = signal(SignalKind::hangup()).ok();
    loop {
        let hung_up = async {
            match &mut hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            _ = hung_up => {}
            () = changed.notified() => settle(&changed).await,
        }
        reload(app, path);
    }
}

async fn settle(changed: &Notify) {
    while tokio::time::timeout(SETTLE, changed.notified()).await.is_ok() {}
}

/// Watches the folder, because editors and Kubernetes replace files rather than change them.
fn watcher(path: &Path, changed: Arc<Notify>) -> notify::Result<RecommendedWatcher> {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let folder = whole.parent().unwrap_or(Path::new(".")).to_owned();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let ours = |event: &notify::Event| {
            let named = |path: &std::path::PathBuf| path.file_name() == whole.file_name() || path.ends_with("..data");
            !event.kind.is_access() && event.paths.iter().any(named)
        };
        if event.as_ref().is_ok_and(ours) {
            changed.notify_one();
        }
    })?;
    watcher.watch(&folder, RecursiveMode::NonRecursive)?;
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
