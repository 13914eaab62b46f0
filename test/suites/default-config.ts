import { Value } from 'typebox/value';
import { type Config, ConfigSchema } from '../../model/config.ts';

/** The configuration with every default, as `cli/config.ts` would give it for an empty file. */
export function openConfig(): Config {
  return Value.Default(ConfigSchema, {}) as Config;
}
