import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WrittenLogs } from '../cli/demo/docker-logs.ts';
import { containerRecords } from '../cli/demo/lines.ts';
import type { Judged, Question } from './questions.ts';
import type { Report } from './report.ts';

/**
 * Right counts by brute force: the generator says every record again and each question judges it. Kept beside the data, since it takes
 * about as long as writing it.
 */
export function countByBruteForce(data: WrittenLogs, asked: Question[], report: Report): Map<string, number> {
  const file = join(data.containersDir, '..', 'truth.json');
  const key = asked.map((question) => `${question.name} ${question.path} ${question.matches}`).join('\n');
  if (existsSync(file)) {
    const known = JSON.parse(readFileSync(file, 'utf8')) as { key: string; counts: [string, number][] };
    if (known.key === key) return new Map(known.counts);
  }
  const judges = asked.filter((question) => question.matches);
  const counts = judges.map(() => 0);
  let done = 0;
  for (const container of data.containers) {
    const judged: Judged = { text: '', app: container.app, env: container.env, container: container.id, ms: 0 };
    for (const record of containerRecords(container, container.plan)) {
      judged.text = record.text;
      judged.ms = record.seconds * 1000 + record.nanos / 1e6;
      // The last ones may lie past the day that is asked for.
      if (judged.ms < data.from || judged.ms >= data.to) continue;
      for (let i = 0; i < judges.length; i++) if (judges[i].matches!(judged)) counts[i]++;
    }
    done += container.records;
    report.progress(`counting by brute force: ${((done / data.records) * 100).toFixed(0)} %`);
  }
  const truth = judges.map((question, i): [string, number] => [question.name, counts[i]]);
  writeFileSync(file, JSON.stringify({ key, counts: truth }));
  return new Map(truth);
}
