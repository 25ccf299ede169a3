//! How sure a model was of what it said.

/// The log-probabilities of an answer's tokens, added up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sureness {
    /// How many tokens they are of.
    pub tokens: u64,
    /// Their sum in millionths of a nat; 0 or less.
    pub micronats: i64,
}

impl Sureness {
    /// Below this a token's log-probability says no more: some engines send `-9999`, or `-inf`, for "not among the candidates".
    const LOWEST: f64 = -50.0;

    /// Adds one token's log-probability in nats.
    #[expect(clippy::cast_possible_truncation, reason = "at most fifty million")]
    pub(crate) fn add_token(&mut self, nats: f64) {
        if !nats.is_nan() {
            self.tokens += 1;
            self.micronats = self.micronats.saturating_add((nats.clamp(Self::LOWEST, 0.0) * 1e6) as i64);
        }
    }

    /// Adds what is known of further tokens.
    pub fn add(&mut self, other: Self) {
        self.tokens = self.tokens.saturating_add(other.tokens);
        self.micronats = self.micronats.saturating_add(other.micronats);
    }

    /// The mean log-probability of a token in nats; `None` of no tokens.
    #[expect(clippy::cast_precision_loss, reason = "a mean of so many tokens needs no more digits")]
    pub fn mean(&self) -> Option<f64> {
        (self.tokens > 0).then(|| self.micronats as f64 / 1e6 / self.tokens as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::Sureness;

    #[test]
    fn a_mean_is_of_what_can_be_added() {
        let mut sureness = Sureness::default();
        assert_eq!(sureness.mean(), None);
        for nats in [-0.5, -1.5, f64::NAN] {
            sureness.add_token(nats);
        }
        assert_eq!(sureness.mean(), Some(-1.0));
        sureness.add_token(f64::NEG_INFINITY);
        assert_eq!(sureness, Sureness { tokens: 3, micronats: -52_000_000 });
    }
}
