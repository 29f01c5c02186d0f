import { useEffect, useState } from 'react';
import type { Dispatch, SetStateAction } from 'react';
import { NOTHING } from './selection.ts';

/** What was picked last, for whoever looks something up on another page and comes back. */
let kept = NOTHING;

export function useKeptSelection(): readonly [typeof kept, Dispatch<SetStateAction<typeof kept>>] {
  const [selection, setSelection] = useState(kept);
  useEffect(() => {
    kept = selection;
  }, [selection]);
  return [selection, setSelection];
}
