//! The processes: an upstream that answers with a fixed body, nginx before it, and the gateway before it.

use std::fs;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};
use tempfile::TempDir;

use super::{LOAD_CORE, SERVER_CORE, pinned};

/// Events of a stream.
const EVENTS: usize = 50;

/// Who is called.
#[derive(Clone, Copy)]
pub(super) enum Target {
    Upstream,
    Nginx,
    Frontdesk,
}

/// Running processes; they end with this value.
pub(super) struct Servers {
    children: Vec<Child>,
    _folder: TempDir,
}

impl Servers {
    pub(super) fn start(binary: &Path) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let at = folder.path();
        let mut servers = Self { children: Vec::new(), _folder: TempDir::new()? };
        for (name, text, core) in [("upstream", upstream(at)?, LOAD_CORE), ("proxy", proxy(at), SERVER_CORE)] {
            let path = at.join(format!("{name}.conf"));
            fs::write(&path, text)?;
            let child = pinned(core, "nginx").arg("-p").arg(at).arg("-c").arg(&path).spawn()?;
            servers.children.push(child);
        }
        servers.children.push(Self::gateway(binary, at, 18_082)?);
        servers._folder = folder;
        for target in [Target::Upstream, Target::Nginx, Target::Frontdesk] {
            wait_for(servers.port(target))?;
        }
        Ok(servers)
    }

    pub(super) fn port(&self, target: Target) -> u16 {
        match target {
            Target::Upstream => 18_080,
            Target::Nginx => 18_081,
            Target::Frontdesk => 18_082,
        }
    }

    fn gateway(binary: &Path, folder: &Path, port: u16) -> anyhow::Result<Child> {
        let config = folder.join(format!("frontdesk-{port}.toml"));
        fs::write(&config, gateway_config(folder, port))?;
        let mut command = pinned(SERVER_CORE, binary);
        command.args(["serve", "--config"]).arg(&config).stderr(Stdio::null());
        command.spawn().with_context(|| format!("{} cannot be run; build it with --release first", binary.display()))
    }

    /// Resident memory of the gateway.
    pub(super) fn memory_mib(&self) -> anyhow::Result<u64> {
        let child = self.children.last().context("there is no gateway")?;
        let status = fs::read_to_string(format!("/proc/{}/status", child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no memory is told")?;
        let kib: u64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kib / 1_024)
    }

    /// From the start of the process until it answers, median.
    pub(super) fn ready_ms(binary: &Path, runs: usize) -> anyhow::Result<f64> {
        let folder = tempfile::tempdir()?;
        let mut times = Vec::new();
        for _ in 0..runs {
            #[expect(clippy::disallowed_types, reason = "a tool that measures; nothing here is paused in tests")]
            let began = std::time::Instant::now();
            let mut child = Self::gateway(binary, folder.path(), 18_083)?;
            while TcpStream::connect(("127.0.0.1", 18_083)).is_err() {
                std::thread::sleep(Duration::from_micros(200));
            }
            times.push(began.elapsed().as_secs_f64() * 1e3);
            child.kill()?;
            child.wait()?;
        }
        Ok(super::median(times))
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        for child in &mut self.children {
            let id = child.id().to_string();
            // nginx ends its workers only when it is asked to.
            let _ended = std::process::Command::new("kill").arg(&id).status();
            let _status = child.wait();
        }
    }
}

fn wait_for(port: u16) -> anyhow::Result<()> {
    for _ in 0..200 {
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    bail!("nothing listens on port {port}")
}

fn answer() -> String {
    let text =
        "Give every order a number on the sheet and let whoever takes it write their initials beside it at once.";
    format!(
        r#"{{"id":"x","object":"chat.completion","created":1,"model":"m","choices":[{{"index":0,"message":{{"role":"assistant","content":"{text}"}},"finish_reason":"stop"}}],"usage":{{"prompt_tokens":60,"completion_tokens":24,"total_tokens":84}}}}"#
    )
}

fn stream() -> String {
    let event = |delta: &str, end: &str| {
        format!(
            r#"data: {{"id":"x","object":"chat.completion.chunk","created":1,"model":"m","choices":[{{"index":0,"delta":{delta},"finish_reason":{end}}}]}}"#
        ) + "\n\n"
    };
    let pieces = event(r#"{"content":" token"}"#, "null").repeat(EVENTS - 1);
    pieces + &event("{}", r#""stop""#) + "data: [DONE]\n\n"
}

fn common(folder: &Path, name: &str) -> String {
    let at = folder.display();
    format!(
        "worker_processes 1; daemon off; pid {at}/{name}.pid; error_log {at}/{name}.log;\nevents {{ worker_connections 4096; }}\n"
    )
}

/// Fixed bodies, one for answers and one for streams. nginx serves a file to a POST by way of the error that it would be.
fn upstream(folder: &Path) -> anyhow::Result<String> {
    for (path, text) in [("v1/chat/completions", answer()), ("stream/chat/completions", stream())] {
        let file = folder.join(path);
        fs::create_dir_all(file.parent().context("the file has a folder")?)?;
        fs::write(file, text)?;
    }
    let (head, at) = (common(folder, "upstream"), folder.display());
    Ok(format!(
        "{head}http {{ access_log off; keepalive_requests 100000000; client_max_body_size 8m; client_body_buffer_size 4m; client_body_temp_path {at};
proxy_temp_path {at}; fastcgi_temp_path {at}; uwsgi_temp_path {at}; scgi_temp_path {at}; open_file_cache max=8; etag off;
server {{ listen 127.0.0.1:18080; tcp_nodelay on; root {at}; error_page 405 =200 $uri;
location /v1/ {{ default_type application/json; }} location /stream/ {{ default_type text/event-stream; }} }} }}"
    ))
}

fn proxy(folder: &Path) -> String {
    let head = common(folder, "proxy");
    format!(
        "{head}http {{ access_log off; keepalive_requests 100000000; client_max_body_size 8m; client_body_buffer_size 4m; client_body_temp_path {at};
proxy_temp_path {at}; fastcgi_temp_path {at}; uwsgi_temp_path {at}; scgi_temp_path {at};
upstream up {{ server 127.0.0.1:18080; keepalive 256; keepalive_requests 100000000; }}
server {{ listen 127.0.0.1:18081; tcp_nodelay on; location / {{
proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection \"\"; proxy_buffering off; }} }} }}",
        at = folder.display(),
    )
}

/// Ledger and metrics on, as in production; the model of streams has a path of its own at the upstream.
fn gateway_config(folder: &Path, port: u16) -> String {
    let at = folder.display();
    let category = |name: &str| format!("[routers.auto.categories.{name}]\nmodels = [\"m\"]\n");
    let categories: String = ["simple", "general", "reasoning", "code", "agent"].map(category).concat();
    format!(
        "[server]\nlisten = \"127.0.0.1:{port}\"\n[ledger]\nurl = \"sqlite:{at}/ledger-{port}.db\"\n[log]\nlevel = \"warn\"
[providers.up]\nbase_url = \"http://127.0.0.1:18080/v1\"\n[providers.stream]\nbase_url = \"http://127.0.0.1:18080/stream\"
[models.m]\nprovider = \"up\"\nprice = {{ input = 0.27, output = 0.4 }}\n[models.s]\nprovider = \"stream\"\nprice = {{ input = 0.27, output = 0.4 }}
[routers.auto]\ndefault = \"general\"\nfallback = [\"m\"]\nbaseline = \"m\"\n{categories}"
    )
}
