//! What many files say, each answer once.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use crate::reader::Log;
use crate::request::{Pause, Request};

/// Sessions that a fork is traced back through at most.
const ANCESTORS: usize = 64;

/// Takes files in an order that the caller chooses; of equal copies the first is kept.
#[derive(Default)]
pub struct Ledger {
    requests: Vec<Request>,
    pauses: HashSet<(i64, i64)>,
    places: HashMap<Arc<str>, usize>,
    /// Where an answer of a session is, by the hash of its id and the session's.
    answers: HashMap<u64, usize>,
    hasher: RandomState,
    parents: HashMap<String, Option<String>>,
    /// Logs that may begin with a copy of another, which may come later.
    forks: Vec<Log>,
}

impl Ledger {
    /// Takes in what a file says.
    pub fn add(&mut self, mut log: Log) {
        if let Some(id) = &log.session.id {
            self.parents.entry(id.clone()).or_insert_with(|| log.session.parent.clone());
        }
        if log.session.copies_parent {
            self.forks.push(log);
            return;
        }
        for request in std::mem::take(&mut log.requests) {
            self.request(request);
        }
        self.pauses.extend(log.pauses.iter().map(|pause| (pause.at, pause.lasted)));
    }

    /// Every answer once, and every pause, by their time.
    pub fn finish(mut self) -> (Vec<Request>, Vec<Pause>) {
        let mut forks: Vec<(Vec<String>, Log)> =
            std::mem::take(&mut self.forks).into_iter().map(|fork| (self.ancestors(&fork), fork)).collect();
        // A fork of a fork after that.
        forks.sort_by_key(|(ancestors, _)| ancestors.len());
        for (ancestors, fork) in forks {
            self.fork(&ancestors, fork);
        }
        self.requests.sort_by_key(|request| request.at);
        let mut pauses: Vec<Pause> = self.pauses.into_iter().map(|(at, lasted)| Pause { at, lasted }).collect();
        pauses.sort_by_key(|pause| (pause.at, pause.lasted));
        (self.requests, pauses)
    }

    fn request(&mut self, request: Request) {
        let Some(identity) = &request.identity else { return self.requests.push(request) };
        let answer = self.answer(&request);
        let place = self.places.get(identity).copied().or_else(|| self.replayed(&request, answer?));
        if let Some(place) = place {
            self.requests[place].join(request);
            return;
        }
        let place = self.requests.len();
        self.places.insert(identity.clone(), place);
        if let Some(answer) = answer {
            self.answers.insert(answer, place);
        }
        self.requests.push(request);
    }

    fn answer(&self, request: &Request) -> Option<u64> {
        let (message, session) = (request.message.as_ref()?, request.session.as_ref()?);
        Some(self.hasher.hash_one((message, session)))
    }

    /// Where the answer is that a sub-agent's log repeats with another request's id, as an aside to a session does.
    fn replayed(&self, request: &Request, answer: u64) -> Option<usize> {
        let place = *self.answers.get(&answer)?;
        let held = &self.requests[place];
        let is_same = held.message == request.message && held.session == request.session;
        (is_same && (held.is_subagent != request.is_subagent)).then_some(place)
    }

    /// A fork's leading answers are its ancestors' as long as they tell the ancestors' sums.
    fn fork(&mut self, ancestors: &[String], log: Log) {
        let own = log.session.id.unwrap_or_default();
        // Where the parent's log is gone, its answers count with the first fork that has copied them.
        let orphan_of = ancestors.first().filter(|parent| !self.parents.contains_key(*parent)).cloned();
        let mut is_copied = true;
        for request in log.requests {
            let sums = request.identity.as_deref().and_then(|identity| identity.strip_prefix(&own));
            let Some(sums) = sums.filter(|_| !own.is_empty()).map(str::to_owned) else {
                self.request(request);
                continue;
            };
            is_copied = is_copied && ancestors.iter().any(|ancestor| self.place(ancestor, &sums).is_some());
            if is_copied {
                continue;
            }
            self.request(request);
            if let (Some(parent), Some(place)) = (&orphan_of, self.place(&own, &sums)) {
                self.places.insert(format!("{parent}{sums}").into(), place);
            }
        }
        self.pauses.extend(log.pauses.iter().map(|pause| (pause.at, pause.lasted)));
    }

    fn place(&self, session: &str, sums: &str) -> Option<usize> {
        self.places.get(format!("{session}{sums}").as_str()).copied()
    }

    fn ancestors(&self, log: &Log) -> Vec<String> {
        let mut ancestors = Vec::new();
        let mut next = log.session.parent.clone();
        while let Some(parent) = next {
            if ancestors.len() == ANCESTORS || ancestors.contains(&parent) || Some(&parent) == log.session.id.as_ref() {
                break;
            }
            next = self.parents.get(&parent).cloned().flatten();
            ancestors.push(parent);
        }
        ancestors
    }
}
