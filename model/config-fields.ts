import { type Static, type TSchema, Type } from 'typebox';

/** What a key of the configuration can be; each has a default and a description. */
export const text = (description: string, value = '') => Type.String({ default: value, description });
/** A path: a relative one is taken from the configuration file's folder (see cli/config.ts). */
export const path = (description: string, value = '') => Type.String({ default: value, description, path: true });
/** A value that is never shown, `fleetlog config` included. */
export const secret = (description: string, rest: { pattern?: string } = {}) =>
  Type.String({ default: '', description, secret: true, ...rest });
export const flag = (description: string, value: boolean) => Type.Boolean({ default: value, description });
export const whole = (description: string, value: number, minimum = 0, maximum = Number.MAX_SAFE_INTEGER) =>
  Type.Integer({ default: value, minimum, maximum, description });
export const list = <T extends TSchema>(description: string, item: T, value: Static<T>[] = []) =>
  Type.Array(item, { default: value, description });
export const section = <T extends Record<string, TSchema>>(description: string, properties: T) =>
  Type.Object(properties, { additionalProperties: false, default: {}, description });
