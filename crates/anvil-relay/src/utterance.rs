//! A piece of a tier's answer that was read and is to be said to the client.

use std::borrow::Cow;
use std::ops::Range;

use anvil_dialect::{Delta, Event, Spans, Text};

/// What one event of the tier's stream says.
#[derive(Debug)]
pub(crate) enum Utterance<'e> {
    /// An event in the client's own dialect.
    Event(Box<SameEvent<'e>>),
    /// Steps to be said anew.
    Steps(Vec<Delta<'e>>),
}

/// An event that is passed on but for a few names.
#[derive(Debug)]
pub(crate) struct SameEvent<'e> {
    pub(crate) name: Cow<'e, str>,
    pub(crate) data: Cow<'e, [u8]>,
    pub(crate) read: Event,
    /// Where in the data pieces of calls' arguments stand, as escaped, in their order.
    pub(crate) arguments: Vec<(usize, Range<usize>)>,
}

impl Utterance<'_> {
    /// The bytes of the tier's that it holds.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Event(event) => event.data.len(),
            Self::Steps(steps) => steps.iter().map(Delta::size).sum(),
        }
    }

    /// Names each call of whose arguments it says something.
    pub(crate) fn calls(&self, mut name: impl FnMut(usize)) {
        match self {
            Self::Event(event) => event.arguments.iter().for_each(|(call, _)| name(*call)),
            Self::Steps(steps) => {
                for step in steps {
                    if let Delta::Arguments { call, .. } = step {
                        name(*call);
                    }
                }
            }
        }
    }

    pub(crate) fn into_owned(self) -> Utterance<'static> {
        match self {
            Self::Event(event) => Utterance::Event(Box::new(event.into_owned())),
            Self::Steps(steps) => {
                let mut steps: Vec<_> = steps.into_iter().map(Delta::into_owned).collect();
                // The list was made with room for steps that have not come; most say one thing.
                steps.shrink_to_fit();
                Utterance::Steps(steps)
            }
        }
    }

    /// Puts `arguments` in the place of those of a call: all in its first piece, nothing in the others. Whether there was one.
    pub(crate) fn repair(utterances: &mut [Utterance<'static>], call: usize, arguments: &str) -> bool {
        let mut whole = Some(Text::quote(arguments));
        for utterance in utterances {
            match utterance {
                Utterance::Event(event) => event.repair(call, &mut whole),
                Utterance::Steps(steps) => repair_steps(steps, call, &mut whole),
            }
        }
        whole.is_none()
    }
}

fn repair_steps(steps: &mut Vec<Delta<'static>>, wanted: usize, whole: &mut Option<Text<'static>>) {
    steps.retain_mut(|step| match step {
        Delta::Arguments { call, json } if *call == wanted => match whole.take() {
            Some(text) => {
                *json = text;
                true
            }
            None => false,
        },
        _ => true,
    });
}

impl SameEvent<'_> {
    fn into_owned(self) -> SameEvent<'static> {
        SameEvent {
            name: Cow::Owned(self.name.into_owned()),
            data: Cow::Owned(self.data.into_owned()),
            read: self.read,
            arguments: self.arguments,
        }
    }

    fn repair(&mut self, call: usize, whole: &mut Option<Text<'static>>) {
        repair_data(self.data.to_mut(), &mut self.read.spans, &mut self.arguments, (call, whole));
    }
}

/// Puts the whole arguments in the place of a call's first piece in `data`, and nothing in that of the others; `spans` and `places`
/// move along.
pub(crate) fn repair_data(
    data: &mut Vec<u8>,
    spans: &mut Spans,
    places: &mut [(usize, Range<usize>)],
    (wanted, whole): (usize, &mut Option<Text<'static>>),
) {
    for place in 0..places.len() {
        let (call, span) = places[place].clone();
        if call != wanted {
            continue;
        }
        let text = whole.take();
        let text = text.as_ref().map_or("", Text::escaped);
        data.splice(span.clone(), text.bytes());
        let moved = |place: usize| if place >= span.end { place - span.len() + text.len() } else { place };
        let move_along = |other: &mut Range<usize>| *other = moved(other.start)..moved(other.end);
        for (_, other) in &mut *places {
            move_along(other);
        }
        let Spans { model, id, number, item, usage, logprobs } = &mut *spans;
        [model, id, number, item, usage, logprobs].into_iter().flatten().for_each(move_along);
    }
}
