//! A whole answer: read, checked and said at once.

use anvil_dialect::answer::{self, Answer};
use anvil_dialect::{Delta, Spans, Text, ToolCalls, read_answer, write_answer};
use anvil_verify::{Defect, Passed, form};

use crate::gate::{self, Gate, Repair};
use crate::relay::Known;
use crate::report::Report;
use crate::setup::{Form, Setup};
use crate::splice::Splice;
use crate::utterance::{Utterance, repair_data};

/// What is made of an answer: its bytes for the client, what is known of it, and the proof that it may leave.
type Made = (Vec<u8>, Known, Passed);

/// The answer in `body` as the client is to have it. What it reports is in `report`, whether it may leave or not.
pub(crate) fn answer(setup: &Setup, body: &[u8], report: &mut Report) -> Result<Made, Defect> {
    if matches!(setup.form, Form::Document | Form::Unread) || setup.client == setup.tier {
        in_its_own_dialect(setup, body, report)
    } else {
        translated(setup, body, report)
    }
}

fn in_its_own_dialect(setup: &Setup, body: &[u8], report: &mut Report) -> Result<Made, Defect> {
    let is_document = matches!(setup.form, Form::Document | Form::Unread);
    let read = if is_document { answer::read_document(body) } else { answer::read(setup.tier, body) };
    let (mut spans, finish, usage, calls, formed) = match form::answer(read)? {
        (Answer::Whole { spans, finish, usage, calls }, formed) => (spans, finish, usage, calls, formed),
        (Answer::Error(error), _) => {
            return Err(Defect::TierError { kind: error.kind, words: error.message });
        }
    };
    (report.finish, report.usage) = (finish, usage);
    let items = if setup.keeps_items { form::answer(answer::items(setup.tier, body))?.0 } else { Vec::new() };
    let mut gate = if is_document { Gate::Open } else { Gate::new(setup) };
    let mut mended = None;
    let proof = if let Gate::Checking(_) = gate {
        if let Ok(steps) = read_answer(setup.tier, body) {
            let (proof, repairs) = check(&mut gate, &steps, formed, report)?;
            mended = mend(body, &steps, &repairs, &mut spans)?;
            proof
        } else {
            gate = Gate::Lost(setup.hold);
            formed
        }
    } else {
        formed
    };
    let known = Known { items, calls, repairs: gate.repaired(), ..Known::default() };
    let mut splice = Splice::new(setup.client, &setup.head);
    let body = splice.apply(mended.as_deref().unwrap_or(body), &spans, None, None).to_vec();
    Ok((body, known, proof))
}

fn translated(setup: &Setup, body: &[u8], report: &mut Report) -> Result<Made, Defect> {
    let (mut steps, formed) = form::answer(read_answer(setup.tier, body))?;
    let mut calls = ToolCalls::default();
    for step in &steps {
        match step {
            Delta::Error(error) => {
                return Err(Defect::TierError { kind: error.kind.clone(), words: error.message.clone() });
            }
            Delta::Stop(reason) => report.finish = Some(reason.finish()),
            Delta::Usage(usage) => report.usage.update(*usage),
            Delta::Call { call, id, .. } => calls.push(setup.head.told_call_id(setup.client, id, *call)),
            _ => {}
        }
    }
    let mut gate = Gate::new(setup);
    let (proof, repairs) = check(&mut gate, &steps, formed, report)?;
    if !repairs.is_empty() {
        let mut held = [Utterance::Steps(steps.into_iter().map(Delta::into_owned).collect())];
        for Repair { call, arguments } in repairs {
            if !Utterance::repair(&mut held, call, &arguments) {
                return Err(gate::irreparable());
            }
        }
        let [Utterance::Steps(mended)] = held else { return Err(gate::irreparable()) };
        steps = mended;
    }
    let mut anew = Vec::with_capacity(body.len());
    let (items, _) = form::answer(write_answer(setup.client, &setup.head, &steps, &mut anew))?;
    Ok((anew, Known { items, calls, repairs: gate.repaired(), ..Known::default() }, proof))
}

/// The verdict on all steps of an answer, and what is to be repaired in it.
fn check(
    gate: &mut Gate,
    steps: &[Delta<'_>],
    formed: Passed,
    report: &mut Report,
) -> Result<(Passed, Vec<Repair>), Defect> {
    let mut repairs = Vec::new();
    let checked = gate.check_all(steps, &mut repairs);
    (report.verified, report.sureness) = (gate.verified(), gate.sureness());
    checked?;
    let proof = gate.end(formed, report.finish, report.usage, &mut repairs)?;
    Ok((proof, repairs))
}

/// The body with repaired arguments, if there are any; `spans` are moved along.
fn mend(body: &[u8], steps: &[Delta<'_>], repairs: &[Repair], spans: &mut Spans) -> Result<Option<Vec<u8>>, Defect> {
    if repairs.is_empty() {
        return Ok(None);
    }
    let (mut mended, mut places) = (body.to_vec(), gate::places(steps, body));
    for Repair { call, arguments } in repairs {
        let mut whole = Some(Text::quote(arguments));
        repair_data(&mut mended, spans, &mut places, (*call, &mut whole));
        if whole.is_some() {
            return Err(gate::irreparable());
        }
    }
    Ok(Some(mended))
}
