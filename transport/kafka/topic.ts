import kafkajs, { type Admin, type Kafka } from 'kafkajs';

export interface TopicFacts {
  partitions: number;
  /** The brokers' limit on one (compressed) record batch; null when they do not say. */
  maxRecordBytes: number | null;
  brokers: number;
}

export interface WantedTopic {
  topic: string;
  partitions: number;
  /** 0 is the brokers' default. */
  replicas: number;
  settings: Record<string, string>;
}

/** Makes the topic when it is missing, and tells what there is. An existing topic is left as it is. */
export async function ensureTopic(kafka: Kafka, wanted: WantedTopic): Promise<TopicFacts> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    const { topic } = wanted;
    if (!(await admin.listTopics()).includes(topic)) {
      const configEntries = Object.entries(wanted.settings).map(([name, value]) => ({ name, value }));
      // -1 is the brokers' default. False when somebody else made it meanwhile, which is as good.
      await admin.createTopics({
        topics: [{ topic, numPartitions: wanted.partitions, replicationFactor: wanted.replicas || -1, configEntries }],
        waitForLeaders: true,
        timeout: 15_000,
      });
    }
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    const { brokers } = await admin.describeCluster();
    return {
      partitions: topics[0].partitions.length,
      maxRecordBytes: await maxRecordBytes(admin, topic),
      brokers: Math.max(1, brokers.length),
    };
  } finally {
    await admin.disconnect();
  }
}

async function maxRecordBytes(admin: Admin, topic: string): Promise<number | null> {
  const { ConfigResourceTypes } = kafkajs;
  try {
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: ConfigResourceTypes.TOPIC, name: topic, configNames: ['max.message.bytes'] }],
    });
    const value = Number(resources[0]?.configEntries[0]?.configValue);
    return Number.isSafeInteger(value) && value > 0 ? value : null;
  } catch {
    // Describing configurations may be forbidden; a record that is too large is then cut again when it is refused.
    return null;
  }
}
