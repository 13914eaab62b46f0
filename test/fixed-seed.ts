import fc from 'fast-check';
import { soak } from './doses.ts';

// The same cases at every run of `npm test`, so that red means changed code; a soak looks for new ones and prints its seed.
if (!soak) fc.configureGlobal({ seed: 20_261_121 });
