/** What the API needs of the product's logger; pino fits it. Details first, then a sentence. */
export interface Log {
  debug(details: object, message: string): void;
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}
