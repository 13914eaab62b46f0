import {
  Counter,
  type CounterConfiguration,
  Gauge,
  type GaugeConfiguration,
  type MetricObjectWithValues,
  type MetricValue,
} from 'prom-client';

type Read<Label extends string> = () => MetricValue<Label>[];

/** Values that are kept elsewhere: thousands of label sets are neither hashed nor held a second time. */
export class ReadCounter<Label extends string> extends Counter<Label> {
  readonly #read: Read<Label>;

  constructor(about: CounterConfiguration<Label>, read: Read<Label>) {
    super(about);
    this.#read = read;
  }

  override async get(): Promise<MetricObjectWithValues<MetricValue<Label>>> {
    return { ...(await super.get()), values: this.#read() };
  }
}

/** The same of what may fall. */
export class ReadGauge<Label extends string> extends Gauge<Label> {
  readonly #read: Read<Label>;

  constructor(about: GaugeConfiguration<Label>, read: Read<Label>) {
    super(about);
    this.#read = read;
  }

  override async get(): Promise<MetricObjectWithValues<MetricValue<Label>>> {
    return { ...(await super.get()), values: this.#read() };
  }
}
