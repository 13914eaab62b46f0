import { defineConfig } from 'vitest/config';

const soak = process.env.FLEETLOG_SOAK === '1';
const minutes = (n: number) => n * 60_000;

/** Two workers: more of them starve each other's stores, daemons and browsers on the machines tests run on. */
export default defineConfig({
  test: {
    pool: 'forks',
    setupFiles: ['test/fixed-seed.ts'],
    testTimeout: soak ? minutes(60) : minutes(2),
    hookTimeout: soak ? minutes(15) : minutes(5),
    // How long a busy machine may take is no finding: what a poll waits for comes, or the test itself times out.
    expect: { poll: { timeout: minutes(1) } },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/e2e/**'],
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        // Real Docker engines, browsers and killed processes: one file at a time, after everything else.
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
