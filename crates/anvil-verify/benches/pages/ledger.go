// Package ledger keeps accounts and what was moved between them.
package ledger

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"sync"
	"time"
)

// ErrNotEnough is returned where an account holds less than is to be taken from it.
var ErrNotEnough = errors.New("ledger: not enough on the account")

const (
	longest  = 30 * time.Second
	attempts = 3
)

// Entry is one movement of money.
type Entry struct {
	From, To string
	Cents    int64     `json:"cents"`
	At       time.Time `json:"at"`
	Note     string    `json:"note,omitempty"`
}

// Store is where entries are kept.
type Store interface {
	Append(ctx context.Context, entry Entry) error
	Entries(ctx context.Context, account string) ([]Entry, error)
}

// Ledger is safe for use by several goroutines.
type Ledger struct {
	mu       sync.RWMutex
	balances map[string]int64
	store    Store
	now      func() time.Time
}

// New returns a ledger without accounts.
func New(store Store) *Ledger {
	return &Ledger{balances: make(map[string]int64), store: store, now: time.Now}
}

// Move takes cents from one account and puts them on another.
func (l *Ledger) Move(ctx context.Context, from, to string, cents int64) (err error) {
	if cents <= 0 {
		return fmt.Errorf("ledger: cannot move %d cents", cents)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if have := l.balances[from]; have < cents {
		return fmt.Errorf("%w: %q has %d of %d", ErrNotEnough, from, have, cents)
	}
	entry := Entry{From: from, To: to, Cents: cents, At: l.now()}
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	for attempt := 0; attempt < attempts; attempt++ {
		if err = l.store.Append(ctx, entry); err == nil {
			break
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Duration(attempt+1) * 100 * time.Millisecond):
		}
	}
	if err != nil {
		return fmt.Errorf("ledger: append after %d attempts: %w", attempts, err)
	}
	l.balances[from] -= cents
	l.balances[to] += cents
	return nil
}

// Largest returns the accounts that hold the most, at most count of them.
func (l *Ledger) Largest(count int) []string {
	l.mu.RLock()
	defer l.mu.RUnlock()
	names := keys(l.balances)
	sort.Slice(names, func(i, j int) bool {
		a, b := l.balances[names[i]], l.balances[names[j]]
		return a > b || (a == b && names[i] < names[j])
	})
	return names[:min(count, len(names))]
}

func keys[K comparable, V any](m map[K]V) []K {
	found := make([]K, 0, len(m))
	for key := range m {
		found = append(found, key)
	}
	return found
}

func describe(value any) string {
	switch v := value.(type) {
	case nil:
		return "nothing"
	case Entry, *Entry:
		return fmt.Sprintf("an entry: %+v", v)
	case []Entry:
		return fmt.Sprintf("%d entries", len(v))
	default:
		return fmt.Sprint(v)
	}
}
