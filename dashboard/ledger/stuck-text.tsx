import { Command } from '../fleet/command.tsx';
import { visible } from '../text/visible.ts';
import { useFleetWords } from '../words/fleet-words.ts';

type Cause = keyof ReturnType<typeof useFleetWords>['ledger']['stuck'];

/** What a cause means for its files; with `mend`, what to do about it and the command for it. */
export function StuckText({ cause, count, mend = false }: { cause: string; count: number; mend?: boolean }) {
  const words = useFleetWords().ledger;
  if (!Object.hasOwn(words.stuck, cause)) return visible(cause);
  const known = cause as Cause;
  const command: Partial<Record<string, string>> = words.command;
  return (
    <>
      <span>{words.stuck[known](count)}</span>
      {mend && <span>{words.mend[known]}</span>}
      {mend && command[cause] !== undefined && <Command text={command[cause]} />}
    </>
  );
}
