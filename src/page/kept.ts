import { useState } from 'preact/hooks';

const KEPT = new Map<string, unknown>();

/** A state that outlives its part of the page: who comes back finds the search and the filters as they were. */
export function useKept<T>(name: string, initial: T): readonly [value: T, set: (value: T) => void] {
  const [value, setValue] = useState<T>(() => (KEPT.has(name) ? (KEPT.get(name) as T) : initial));
  const set = (next: T) => {
    KEPT.set(name, next);
    setValue(next);
  };
  return [value, set];
}
