import { type Static, Type } from 'typebox';
import { Maybe } from './contract-shapes.ts';

/** Figures in lists, a part of the contract. What is not known is null, never 0. */
const Figure = (description: string) => Maybe(Type.Number({ description }));

export const FiguresSchema = Type.Object(
  {
    cpuCores: Figure('Cores used, over the last minute'),
    cpuLimitCores: Figure('Sum of the limits of those that have one'),
    cpuThrottledRatio: Figure('Share of scheduler periods held back'),
    memoryBytes: Figure('Working set, as `docker stats` has it'),
    memoryLimitBytes: Figure('Sum of the limits of those that have one'),
    memoryRatio: Figure('Used of its limit, by those that have one'),
    netRxBytesPerSecond: Figure('Received'),
    netTxBytesPerSecond: Figure('Sent'),
    diskReadBytesPerSecond: Figure('Read'),
    diskWriteBytesPerSecond: Figure('Written'),
    diskUsedBytes: Figure('Writable layers and log files'),
    pids: Figure('Processes and threads'),
    restarts: Figure('So far'),
    oomKills: Figure('Since the start of the containers there are'),
    errorsPerMinute: Figure('Lines of level error and fatal over five minutes; null when nothing was written'),
  },
  { description: 'What its containers use now; null is not known' },
);
export const HostFiguresSchema = Type.Object(
  {
    cpuCores: Figure('Cores used by everything on it'),
    cpuTotalCores: Figure('Cores there are'),
    load: Figure('Load average of a minute'),
    memoryBytes: Figure('In use'),
    memoryTotalBytes: Figure('There is'),
    diskUsedBytes: Figure('In use'),
    diskTotalBytes: Figure('There is'),
    diskReadBytesPerSecond: Figure('Read'),
    diskWriteBytesPerSecond: Figure('Written'),
    netRxBytesPerSecond: Figure('Received'),
    netTxBytesPerSecond: Figure('Sent'),
  },
  { description: 'Of the host itself; null for who may not see every app and env' },
);

export type ApiFigures = Static<typeof FiguresSchema>;
export type ApiHostFigures = Static<typeof HostFiguresSchema>;
