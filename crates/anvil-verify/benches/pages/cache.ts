import type { Logger } from "./logger";
import { EventEmitter } from "node:events";

export interface Entry<T> {
  readonly key: string;
  value: T;
  expires?: number;
}

type Loader<T> = (key: string, signal?: AbortSignal) => Promise<T>;
type Events = { [K in "hit" | "miss" as `on${Capitalize<K>}`]?: (key: string) => void };

export class Cache<T extends object = Record<string, unknown>> extends EventEmitter {
  private readonly entries = new Map<string, Entry<T>>();
  #pending: Map<string, Promise<T>> | undefined;

  constructor(private readonly load: Loader<T>, public readonly events: Events = {}, private logger?: Logger) {
    super();
  }

  async get(key: string, { maxAge = 60_000 }: { maxAge?: number } = {}): Promise<T | undefined> {
    const entry = this.entries.get(key);
    // An entry that has no date never expires.
    if (entry !== undefined && (entry.expires ?? Infinity) > Date.now()) {
      this.events.onHit?.(key);
      return entry.value;
    }
    try {
      const value = (await this.load(key)) as T;
      this.entries.set(key, { key, value, expires: Date.now() + maxAge });
      return value;
    } catch (error: unknown) {
      this.logger?.warn(`failed to load ${key}: ${String(error)}`);
      return undefined;
    }
  }

  sizes(): number[] {
    return [...this.entries.values()].map((entry) => Object.keys(entry.value).length).filter((size) => size < 100);
  }
}

export function isEntry<T>(value: unknown): value is Entry<T> {
  return typeof value === "object" && value !== null && "key" in value;
}
