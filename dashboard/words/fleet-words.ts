import { usePreferences } from '../shell/preferences.tsx';
import { enFleet, type FleetWords } from './en-fleet.ts';
import { zhFleet } from './zh-fleet.ts';

/** The words of the Containers and Ledger pages in the chosen language. */
export function useFleetWords(): FleetWords {
  const { language } = usePreferences();
  return language === 'zh' ? zhFleet : enFleet;
}
