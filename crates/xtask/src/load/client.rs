//! The load: `wrk` for many connections, a socket of our own for one.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;

use anyhow::{Context, bail};

use super::{output, pinned};

/// Requests one after another, of which the median is taken.
const REQUESTS: usize = 3_000;

/// Answered requests a second over 64 connections.
pub(super) fn throughput(port: u16, body: &str, seconds: u32, core: &str) -> anyhow::Result<f64> {
    let script = tempfile::Builder::new().suffix(".lua").tempfile()?;
    let text = format!(
        "wrk.method = 'POST'\nwrk.headers['content-type'] = 'application/json'\nwrk.body = [==[{body}]==]\n\
         done = function(summary)\n\
         io.write(string.format('rate %f errors %d\\n', summary.requests / summary.duration * 1e6, \
         summary.errors.status + summary.errors.read + summary.errors.timeout + summary.errors.connect))\nend\n"
    );
    fs::write(script.path(), text)?;
    let mut command = pinned(core, "wrk");
    command.args(["-t1", "-c64", &format!("-d{seconds}s"), "-s"]).arg(script.path());
    let said = output(command.arg(format!("http://127.0.0.1:{port}{}", path(port, body))))?;
    let line = said.lines().find(|line| line.starts_with("rate ")).context("wrk told no rate")?;
    let words: Vec<&str> = line.split_whitespace().collect();
    match words.as_slice() {
        [_, rate, _, "0"] => Ok(rate.parse()?),
        _ => bail!("requests failed: {line}"),
    }
}

/// nginx serves streams at a path of their own; the gateway finds it by the model.
fn path(port: u16, body: &str) -> &'static str {
    let streams = body.contains("\"stream\":true");
    if streams && port != 18_082 { "/stream/chat/completions" } else { "/v1/chat/completions" }
}

/// Median microseconds from a request to the end of its answer (`whole`) or to the first byte of its body.
pub(super) fn median_us(port: u16, body: &str, whole: bool) -> anyhow::Result<f64> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_nodelay(true)?;
    let request = format!(
        "POST {} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        path(port, body),
        body.len()
    );
    let rounds = if body.len() > 100_000 { REQUESTS / 10 } else { REQUESTS };
    let mut times = Vec::with_capacity(rounds);
    let mut buffer = vec![0; 1 << 20];
    for _ in 0..rounds {
        #[expect(clippy::disallowed_types, reason = "a tool that measures; nothing here is paused in tests")]
        let began = std::time::Instant::now();
        stream.write_all(request.as_bytes())?;
        let mut got = 0;
        let mut first = None;
        loop {
            let read = stream.read(buffer.get_mut(got..).unwrap_or_default())?;
            if read == 0 {
                bail!("the connection on port {port} was closed");
            }
            got += read;
            let answer = buffer.get(..got).unwrap_or_default();
            let Some(head) = find(answer, b"\r\n\r\n") else { continue };
            if first.is_none() && got > head + 4 {
                first = Some(began.elapsed());
            }
            if is_complete(answer, head) {
                break;
            }
        }
        let time = if whole { began.elapsed() } else { first.unwrap_or_default() };
        times.push(time.as_secs_f64() * 1e6);
    }
    Ok(super::median(times))
}

fn is_complete(answer: &[u8], head: usize) -> bool {
    let text = String::from_utf8_lossy(answer.get(..head).unwrap_or_default()).to_lowercase();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
    match length {
        Some(length) => answer.len() >= head + 4 + length,
        None => answer.ends_with(b"0\r\n\r\n"),
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}
