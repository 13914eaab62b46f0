import { useEffect, useState } from 'react';

/** True only when it has been true for 200 ms: a quick answer shows no progress bar. */
export function useSlow(value: boolean): boolean {
  const [slow, setSlow] = useState(false);
  useEffect(() => {
    if (!value) return setSlow(false);
    const timer = setTimeout(() => setSlow(true), 200);
    return () => clearTimeout(timer);
  }, [value]);
  return slow && value;
}
