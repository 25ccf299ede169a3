import { useCallback, useMemo, useState, type ReactNode } from "react";

interface Props<T> {
  items: readonly T[];
  title?: string;
  render: (item: T, index: number) => ReactNode;
  onSelect?: (item: T) => void;
}

export function List<T extends { id: string; name: string }>({ items, title = "All", render, onSelect }: Props<T>) {
  const [filter, setFilter] = useState<string>("");
  const [selected, setSelected] = useState<T | null>(null);
  const shown = useMemo(() => items.filter((item) => item.name.includes(filter)), [items, filter]);
  const select = useCallback(
    (item: T): void => {
      setSelected(item);
      onSelect?.(item);
    },
    [onSelect],
  );

  return (
    <section className="list" aria-label={title}>
      <h2>
        {title} ({shown.length} of {items.length})
      </h2>
      <input type="search" value={filter} onChange={(event) => setFilter(event.target.value)} />
      {shown.length === 0 ? (
        <p className="empty">Nothing here, it seems.</p>
      ) : (
        <ul>
          {shown.map((item, index) => (
            <li key={item.id} className={item === selected ? "selected" : undefined} onClick={() => select(item)}>
              {render(item, index)}
            </li>
          ))}
        </ul>
      )}
      {/* What is chosen is said once more. */}
      {selected && <footer {...{ title }}>{selected!.name}</footer>}
    </section>
  );
}
