//! Closed-loop load: each client sends its next request when it has read the last answer to its end.

use std::{
    cell::Cell,
    rc::Rc,
    str::FromStr,
    time::{Duration, Instant},
};

use tokio::task::LocalSet;

use crate::{
    args::Args,
    client::{Client, Steady, Tally},
    dialect::Dialect,
    report,
};

/// No run is longer than this, whatever it was told.
const MAX_SECONDS: f64 = 600.0;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Stream,
    Whole,
    /// Each client opens one stream and listens until the time is over.
    IdleStreams,
}

impl FromStr for Mode {
    type Err = ();
    fn from_str(word: &str) -> Result<Self, ()> {
        match word {
            "stream" => Ok(Self::Stream),
            "whole" => Ok(Self::Whole),
            "idle-streams" => Ok(Self::IdleStreams),
            _ => Err(()),
        }
    }
}

/// One run, as the command line asks for it.
pub struct Plan {
    /// `host:port`.
    pub address: String,
    /// Head and body: every request is these bytes.
    pub request: Vec<u8>,
    pub mode: Mode,
    pub dialect: Dialect,
    pub min_events: u64,
    pub timeout: Duration,
    clients: u32,
    run_for: Duration,
    ramp: Duration,
    /// No more requests than this, where given.
    requests: Option<u64>,
}

impl Plan {
    pub fn from_args(args: &mut Args) -> Result<Self, String> {
        let url: String = args.take_optional("url")?.ok_or("--url is needed")?;
        let rest = url.strip_prefix("http://").ok_or("--url: only http://")?;
        let (address, path) = rest.split_once('/').ok_or("--url: no path")?;
        if !["127.0.0.1:", "localhost:"].iter().any(|host| address.starts_with(host)) {
            return Err("--url: loopback only".into());
        }
        let mode = args.take("mode", Mode::Stream)?;
        let dialect = args.take("dialect", Dialect::Chat)?;
        let model: String = args.take("model", "chat".to_owned())?;
        if !model.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            return Err("--model: letters, digits and dashes".into());
        }
        let (clients, streams) = (args.take("clients", 32)?, args.take("streams", 1000)?);
        let seconds: f64 = args.take("seconds", 5.0)?;
        if !(0.0..=MAX_SECONDS).contains(&seconds) {
            return Err(format!("--seconds: 0 to {MAX_SECONDS}"));
        }
        Ok(Self {
            address: address.to_owned(),
            request: request(address, path, dialect, &dialect.body(&model, mode)),
            mode,
            dialect,
            min_events: args.take("min-events", 1)?,
            timeout: Duration::from_millis(args.take("timeout-ms", 60_000)?),
            clients: if mode == Mode::IdleStreams { streams } else { clients },
            run_for: Duration::from_secs_f64(seconds),
            ramp: Duration::from_millis(args.take("ramp-ms", 0)?),
            requests: args.take_optional("requests")?,
        })
    }
}

fn request(address: &str, path: &str, dialect: Dialect, body: &str) -> Vec<u8> {
    let (header, length) = (dialect.headers(), body.len());
    format!(
        "POST /{path} HTTP/1.1\r\nhost: {address}\r\nuser-agent: bench-load\r\naccept: */*\r\n{header}content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// Runs the plan and returns its report, one JSON object.
pub async fn run(plan: Plan) -> Result<String, String> {
    let started = Instant::now();
    let steady = Steady { from: started + plan.ramp, until: started + plan.run_for };
    let plan = Rc::new(plan);
    let left = Rc::new(Cell::new(plan.requests.unwrap_or(u64::MAX)));
    let tallies = LocalSet::new()
        .run_until(async {
            let clients: Vec<_> = (0..plan.clients)
                .map(|at| {
                    let (plan, left) = (Rc::clone(&plan), Rc::clone(&left));
                    let begin = started + plan.ramp * at / plan.clients.max(1);
                    tokio::task::spawn_local(async move { run_client(&plan, &left, begin, steady).await })
                })
                .collect();
            let mut tallies = Vec::with_capacity(clients.len());
            for client in clients {
                tallies.push(client.await.map_err(|e| format!("a client failed: {e}"))?);
            }
            Ok::<_, String>(tallies)
        })
        .await?;
    let steady_for = plan.run_for.saturating_sub(plan.ramp);
    Ok(report::json(tallies, plan.clients, started.elapsed(), steady_for))
}

async fn run_client(plan: &Plan, left: &Cell<u64>, begin: Instant, steady: Steady) -> Tally {
    tokio::time::sleep_until(begin.into()).await;
    let mut client = Client::new(plan, steady);
    if plan.mode == Mode::IdleStreams {
        if tokio::time::timeout_at(steady.until.into(), client.request()).await.is_err() {
            client.tally.cut += 1;
        }
        return client.tally;
    }
    while Instant::now() < steady.until && left.get() > 0 {
        left.set(left.get() - 1);
        client.request().await;
    }
    client.tally
}
