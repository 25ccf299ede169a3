package org.example.ledger;

import static java.util.Comparator.comparing;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/**
 * Keeps accounts and what was moved between them. Safe for use by several threads.
 *
 * @param <S> where entries are kept
 */
public final class Ledger<S extends Ledger.Store> implements AutoCloseable {
    private static final Duration LONGEST = Duration.ofSeconds(30);
    private static final int ATTEMPTS = 3;

    private final Map<String, Long> balances = new ConcurrentHashMap<>();
    private final S store;
    private final Clock clock;

    /** One movement of money. */
    public record Entry(String from, String to, long cents, Instant at) {
        public Entry {
            Objects.requireNonNull(from, "from");
            if (cents <= 0) {
                throw new IllegalArgumentException("cannot move " + cents + " cents");
            }
        }
    }

    /** Where entries are kept. */
    public interface Store {
        void append(Entry entry) throws InterruptedException;

        default List<Entry> entries(String account) {
            return List.of();
        }
    }

    public sealed interface Outcome permits Moved, Refused {}

    record Moved(Entry entry) implements Outcome {}

    record Refused(String why, long missing) implements Outcome {}

    public Ledger(S store, Clock clock) {
        this.store = store;
        this.clock = clock;
    }

    /** Takes cents from one account and puts them on another. */
    public synchronized Outcome move(String from, String to, long cents) {
        long have = balances.getOrDefault(from, 0L);
        if (have < cents) {
            return new Refused("not enough on " + from, cents - have);
        }
        var entry = new Entry(from, to, cents, clock.instant());
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            try {
                store.append(entry);
                break;
            } catch (InterruptedException stopped) {
                Thread.currentThread().interrupt();
                return new Refused("stopped", 0);
            } finally {
                clock.instant();
            }
        }
        UnaryOperator<Long> less = balance -> balance - cents;
        balances.computeIfPresent(from, (name, balance) -> less.apply(balance));
        balances.merge(to, cents, Long::sum);
        return new Moved(entry);
    }

    /** The accounts that hold the most, at most {@code count} of them. */
    public List<String> largest(int count) {
        return balances.entrySet().stream()
                .sorted(comparing((Map.Entry<String, Long> entry) -> -entry.getValue()).thenComparing(Map.Entry::getKey))
                .limit(count)
                .map(Map.Entry::getKey)
                .collect(Collectors.toList());
    }

    @SuppressWarnings({"unchecked", "rawtypes"})
    static String describe(Object value) {
        return switch (value) {
            case null -> "nothing";
            case Moved(Entry entry) when entry.cents() > 1_000_000L -> "much: " + entry;
            case Moved moved -> "moved " + moved.entry().cents();
            case Refused refused -> {
                String why = refused.why();
                yield why.isEmpty() ? "refused" : "refused: " + why;
            }
            default -> """
                    Something else:
                      "%s"
                    """.formatted(Optional.of(value).map(Object::toString).orElse("?"));
        };
    }

    @Override
    public void close() {
        int[] counts = new int[] {0, balances.size()};
        while (counts[0] < counts[1] && !balances.isEmpty()) {
            counts[0]++;
        }
        balances.clear();
        if (store instanceof AutoCloseable closeable && LONGEST.toMillis() > 0) {
            try (closeable) {
                counts[1] = (int) LONGEST.getSeconds() >> 1;
            } catch (Exception broken) {
                throw new IllegalStateException(broken);
            }
        }
    }
}
