/** Full doses of the issues under `npm run soak`, about a tenth of them under `npm test`. */
export const soak = process.env.FLEETLOG_SOAK === '1';

export function dose(small: number, full: number): number {
  return soak ? full : small;
}
