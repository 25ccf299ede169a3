//! Claude Code's lines.

use anvil_usage::{Client, Ledger, Log, Request};

use crate::{lines, read, tokens};

/// A line of an answer, with what else is to stand in its usage and in the line.
fn answer(message: &str, request: &str, content: &str, output: &str, more: &str) -> String {
    format!(
        r#"{{"message":{{"id":"{message}","model":"claude-x","content":{content},"usage":{{"input_tokens":3,"cache_creation_input_tokens":20,"cache_read_input_tokens":100,"output_tokens":{output}}}}},"requestId":"{request}","type":"assistant","timestamp":"2026-11-29T06:00:10.000Z","sessionId":"s"{more}}}"#
    )
}

fn claude(of: &[String]) -> Log {
    read(Client::ClaudeCode, &lines(of))
}

fn tools(request: &Request) -> Vec<(&str, Option<&str>)> {
    request.calls.iter().map(|call| (&*call.tool, call.starts.as_deref())).collect()
}

#[test]
fn an_answer_of_several_blocks_counts_once_with_all_its_calls() {
    let write = r#"[{"type":"tool_use","id":"t1","name":"Write","input":{"content":"a"}}]"#;
    let agent = r#"[{"type":"tool_use","id":"t2","name":"Agent","input":{"prompt":"x","subagent_type":"Explore"}}]"#;
    let log = claude(&[
        answer("m", "r", r#"[{"type":"text","text":"I write."}]"#, "1", ""),
        answer("m", "r", write, "7", ""),
        answer("m", "r", write, "7", ""),
        answer("m", "r", agent, "7", ""),
        answer("n", "r2", "[]", "5", ""),
    ]);
    let [first, second] = log.requests.as_slice() else { panic!("{:?}", log.requests) };
    assert_eq!(first.tokens, tokens(3, 100, 20, 0, 7));
    assert_eq!(tools(first), [("Write", None), ("Agent", Some("Explore"))]);
    assert_eq!((second.tokens.output, log.lines, log.broken), (5, 5, 0));
}

#[test]
fn caches_that_last_an_hour_are_apart() {
    let usage = r#"{"input_tokens":3,"cache_creation_input_tokens":20,"cache_creation":{"ephemeral_5m_input_tokens":5,"ephemeral_1h_input_tokens":15},"output_tokens":2}"#;
    let log = claude(&[format!(r#"{{"type":"assistant","message":{{"id":"m","usage":{usage}}}}}"#)]);
    assert_eq!(log.requests[0].tokens, tokens(3, 0, 5, 15, 2));
    assert_eq!(log.requests[0].tokens.context(), 23);
}

#[test]
fn advisors_within_an_answer_are_requests_of_their_own() {
    let usage = r#"{"input_tokens":3,"output_tokens":2,"iterations":[{"type":"message","input_tokens":3},{"type":"advisor_message","model":"claude-y","input_tokens":9,"output_tokens":4}]}"#;
    let line =
        format!(r#"{{"type":"assistant","requestId":"r","message":{{"id":"m","model":"claude-x","usage":{usage}}}}}"#);
    let log = claude(&[line.clone(), line]);
    let found: Vec<_> = log.requests.iter().map(|request| (request.model.as_deref(), request.tokens.fresh)).collect();
    assert_eq!(found.len(), 2);
    assert!(found.contains(&(Some("claude-x"), 3)) && found.contains(&(Some("claude-y"), 9)));
}

#[test]
fn counts_that_are_none_make_an_answer_not_count() {
    for absurd in ["-1", "1e30", "1000000001", "\"7\"", "7.5", "true", "[7]", "{}"] {
        let log = claude(&[answer("m", "r", "[]", absurd, "")]);
        assert_eq!((log.requests.len(), log.absurd, log.broken), (0, 1, 0), "{absurd}");
    }
    assert_eq!(claude(&[answer("m", "r", "[]", "null", "")]).requests[0].tokens.output, 0);
}

#[test]
fn what_the_client_says_in_a_models_place_is_no_request() {
    let log = claude(&[answer("m", "r", "[]", "0", "").replace("claude-x", "<synthetic>")]);
    assert_eq!((log.requests.len(), log.synthetic), (0, 1));
}

#[test]
fn a_sub_agents_line_within_a_line_counts_as_its_own() {
    let inner = answer("m", "r", "[]", "7", "");
    let log = claude(&[format!(
        r#"{{"type":"progress","sessionId":"s","data":{{"type":"agent_progress","message":{inner}}}}}"#
    )]);
    assert_eq!((log.requests.len(), log.requests[0].is_subagent), (1, true));
}

#[test]
fn a_pause_is_from_the_end_of_an_answer_to_what_a_person_types() {
    let end = answer("m", "r", r#"[{"type":"text","text":"Done."}]"#, "7", "");
    let calls = answer("n", "r2", r#"[{"type":"tool_use","id":"t","name":"Read","input":{}}]"#, "7", "");
    let user = |content: &str, more: &str| {
        format!(
            r#"{{"type":"user","message":{{"role":"user","content":{content}}},"timestamp":"2026-11-29T06:00:15.500Z"{more}}}"#
        )
    };
    let typed = user("\"Go on.\"", "");
    let pauses = |lines: &[String]| claude(lines).pauses.iter().map(|pause| pause.lasted).collect::<Vec<_>>();
    assert_eq!(pauses(&[end.clone(), typed.clone(), typed.clone()]), [5_500]);
    assert_eq!(pauses(&[end.clone(), user(r#"[{"type":"text","text":"Go on."}]"#, "")]), [5_500]);
    for other in [
        user(r#"[{"type":"tool_result","tool_use_id":"t","content":"x"}]"#, ""),
        user("\"<task-notification>x\"", ""),
        user(r#"[{"type":"text","text":"[Request interrupted by user]"}]"#, ""),
        user("\"Caveat\"", r#","isMeta":true"#),
    ] {
        assert!(pauses(&[end.clone(), other.clone()]).is_empty(), "{other}");
    }
    assert!(pauses(&[calls, typed]).is_empty());
}

#[test]
fn half_a_surrogate_pair_in_what_is_skipped_is_no_fault() {
    let log = claude(&[answer("m", "r", r#"[{"type":"text","text":"cut \ud83d"}]"#, "7", r#","x":"\ud83d""#)]);
    assert_eq!((log.requests.len(), log.broken), (1, 0));
}

#[test]
fn of_a_name_that_comes_twice_the_last_counts() {
    let log = claude(&[answer("m", "r", "[]", "7", r#","message":{"id":"m","usage":{"output_tokens":9}}"#)]);
    assert_eq!(log.requests[0].tokens, tokens(0, 0, 0, 0, 9));
}

fn together(files: &[Vec<String>]) -> Vec<Request> {
    let mut ledger = Ledger::default();
    for file in files {
        ledger.add(claude(file));
    }
    ledger.finish().0.collect()
}

#[test]
fn a_forked_session_copies_answers_that_count_once() {
    let first = answer("m", "r", "[]", "7", "");
    let copy = first.replace(r#""sessionId":"s""#, r#""sessionId":"fork""#);
    let found = together(&[vec![first], vec![copy, answer("n", "r2", "[]", "1", "")]]);
    assert_eq!(found.iter().map(|request| request.session.as_deref()).collect::<Vec<_>>(), [Some("s"), Some("s")]);
    assert_eq!(found.iter().map(|request| request.tokens.output).sum::<u64>(), 8);
}

#[test]
fn without_a_requests_id_an_answer_counts_once_in_its_session_and_in_copies_of_it() {
    let block = answer("m", "r", "[]", "7", "").replace(r#""requestId":"r","#, "");
    let next = block.replace("06:00:10.000Z", "06:00:10.500Z");
    let fork = [block.clone(), next.clone()].map(|line| line.replace(r#""sessionId":"s""#, r#""sessionId":"fork""#));
    let other = block.replace(r#""sessionId":"s""#, r#""sessionId":"other""#).replace("06:00:10", "07:00:00");
    assert_eq!(together(&[vec![block, next], fork.to_vec(), vec![other]]).len(), 2);
}

#[test]
fn an_aside_that_repeats_an_answer_with_another_request_is_the_answer() {
    let first = answer("m", "r", "[]", "7", "");
    let aside = answer("m", "r9", "[]", "7", r#","isSidechain":true"#);
    for files in [[vec![first.clone()], vec![aside.clone()]], [vec![aside], vec![first]]] {
        let found = together(&files);
        assert_eq!((found.len(), found[0].is_subagent), (1, false));
    }
}

#[test]
fn without_an_id_every_line_counts() {
    let line = r#"{"type":"assistant","message":{"usage":{"output_tokens":1}}}"#.to_owned();
    assert_eq!(together(&[vec![line.clone(), line.clone()], vec![line]]).len(), 3);
}
