//! The two ends of the benchmark: `upstream`, a scripted model server, and `load`, a closed-loop load generator.
//!
//! Both are single-threaded on purpose: on a two-core machine they must leave room for what is measured, and a second thread
//! would only move their work around. HTTP/1.1 is written by hand because a client library's own costs would be in the way.

mod answer;
mod args;
mod client;
mod dialect;
mod http;
mod load;
mod report;
mod script;
mod upstream;

use args::Args;

const USAGE: &str = "usage: bench-load upstream --port P [--words 64] [--interval-ms 0] [--events-per-write 1]
       bench-load load --url http://127.0.0.1:PORT/PATH [--mode stream|whole|idle-streams] [--dialect chat|messages|responses]
                  [--model chat] [--clients 32] [--streams 1000] [--seconds 5] [--requests N] [--ramp-ms 0] [--min-events 1] [--timeout-ms 60000]";

fn main() -> std::process::ExitCode {
    match run() {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}\n{USAGE}");
            std::process::ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let mut words = std::env::args().skip(1);
    let command = words.next().unwrap_or_default();
    let mut args = Args::parse(words)?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| format!("no runtime: {e}"))?;
    match command.as_str() {
        "upstream" => {
            let settings = upstream::Settings::from_args(&mut args)?;
            args.finish()?;
            runtime.block_on(upstream::serve(settings))
        }
        "load" => {
            let plan = load::Plan::from_args(&mut args)?;
            args.finish()?;
            println!("{}", runtime.block_on(load::run(plan))?);
            Ok(())
        }
        _ => Err(format!("unknown command {command:?}")),
    }
}
