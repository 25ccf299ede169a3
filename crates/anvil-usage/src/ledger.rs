//! What many files say, each answer once.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};

use crate::kept::{Kept, Register};
use crate::reader::Log;
use crate::request::{Pause, Request};

/// Sessions that a fork is traced back through at most.
const ANCESTORS: usize = 64;

/// Takes files in an order that the caller chooses; of equal copies the first is kept.
///
/// An answer takes some 200 bytes, whatever was said in it.
#[derive(Default)]
pub struct Ledger {
    kept: Vec<Kept>,
    register: Register,
    pauses: HashSet<(i64, i64)>,
    /// Where the answer of an identity is. Of the identity is held what two keyed hashes make of it: 128 bits.
    places: HashMap<(u64, u64), u32>,
    /// Where an answer of a session is, by its id and the session's.
    answers: HashMap<u64, u32>,
    hashers: (RandomState, RandomState),
    parents: HashMap<String, Option<String>>,
    /// Logs that may begin with a copy of another, which may come later.
    forks: Vec<Log>,
}

/// Every answer of a ledger, by their time. Identities and ids have done their work and are not in them.
pub struct Requests {
    kept: std::vec::IntoIter<Kept>,
    register: Register,
}

impl Iterator for Requests {
    type Item = Request;

    fn next(&mut self) -> Option<Request> {
        self.kept.next().map(|kept| self.register.request(&kept))
    }
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
    pub fn finish(mut self) -> (Requests, Vec<Pause>) {
        let mut forks: Vec<(Vec<String>, Log)> =
            std::mem::take(&mut self.forks).into_iter().map(|fork| (self.ancestors(&fork), fork)).collect();
        // A fork of a fork after that.
        forks.sort_by_key(|(ancestors, _)| ancestors.len());
        for (ancestors, fork) in forks {
            self.fork(&ancestors, fork);
        }
        self.kept.sort_by_key(|kept| kept.at);
        let mut pauses: Vec<Pause> = self.pauses.into_iter().map(|(at, lasted)| Pause { at, lasted }).collect();
        pauses.sort_by_key(|pause| (pause.at, pause.lasted));
        (Requests { kept: self.kept.into_iter(), register: self.register }, pauses)
    }

    fn request(&mut self, request: Request) {
        let identity = request.identity.as_deref().map(|identity| self.hash(identity));
        let answer = self.answer(&request);
        let kept = self.register.keep(request);
        let held =
            identity.and_then(|identity| self.places.get(&identity).copied().or_else(|| self.replayed(&kept, answer?)));
        if let Some(place) = held {
            self.kept[place as usize].join(kept);
            return;
        }
        // Four thousand million answers would fill the memory long before.
        let Ok(place) = u32::try_from(self.kept.len()) else { return };
        self.kept.push(kept);
        if let Some(identity) = identity {
            self.places.insert(identity, place);
        }
        if let (Some(_), Some(answer)) = (identity, answer) {
            self.answers.insert(answer, place);
        }
    }

    fn hash(&self, identity: &str) -> (u64, u64) {
        (self.hashers.0.hash_one(identity), self.hashers.1.hash_one(identity))
    }

    fn answer(&self, request: &Request) -> Option<u64> {
        let (message, session) = (request.message.as_ref()?, request.session.as_ref()?);
        Some(self.hashers.0.hash_one((message, session)))
    }

    /// Where the answer is that a sub-agent's log repeats with another request's id, as an aside to a session does.
    fn replayed(&self, kept: &Kept, answer: u64) -> Option<u32> {
        let place = *self.answers.get(&answer)?;
        (self.kept[place as usize].is_subagent != kept.is_subagent).then_some(place)
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
                let copied = self.hash(&format!("{parent}{sums}"));
                self.places.insert(copied, place);
            }
        }
        self.pauses.extend(log.pauses.iter().map(|pause| (pause.at, pause.lasted)));
    }

    fn place(&self, session: &str, sums: &str) -> Option<u32> {
        self.places.get(&self.hash(&format!("{session}{sums}"))).copied()
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
