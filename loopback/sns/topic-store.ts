import { openDatabase } from '../database.ts'

const SCHEMA = `
CREATE TABLE IF NOT EXISTS topics (arn TEXT PRIMARY KEY) STRICT;
CREATE TABLE IF NOT EXISTS subscriptions (
  arn TEXT PRIMARY KEY, topicArn TEXT NOT NULL, protocol TEXT NOT NULL, endpoint TEXT NOT NULL,
  filterPolicy TEXT, UNIQUE (topicArn, protocol, endpoint)
) STRICT`

export type Subscription = {
  arn: string
  topicArn: string
  protocol: string
  endpoint: string
  /** JSON that has been validated. */
  filterPolicy: string | null
}

export type TopicStore = ReturnType<typeof openTopicStore>

/** Persistent topics and subscriptions. */
export function openTopicStore(directory: string) {
  const database = openDatabase(directory, 'sns', SCHEMA)
  const addTopic = database.prepare('INSERT OR IGNORE INTO topics VALUES (?)')
  const topics = database.prepare('SELECT arn FROM topics ORDER BY arn')
  const topic = database.prepare('SELECT arn FROM topics WHERE arn = ?')
  const put = database.prepare(
    'INSERT OR REPLACE INTO subscriptions VALUES (:arn, :topicArn, :protocol, :endpoint, :filterPolicy)',
  )
  const remove = database.prepare('DELETE FROM subscriptions WHERE arn = ?')
  const one = database.prepare('SELECT * FROM subscriptions WHERE arn = ?')
  const ofTopic = database.prepare('SELECT * FROM subscriptions WHERE topicArn = ? ORDER BY rowid')
  return {
    addTopic: (arn: string) => void addTopic.run(arn),
    topics: () => topics.all().map(row => String(row.arn)),
    hasTopic: (arn: string) => topic.get(arn) !== undefined,
    put: (subscription: Subscription) => void put.run(subscription),
    remove: (arn: string) => void remove.run(arn),
    find: (arn: string) => one.get(arn) as Subscription | undefined,
    subscriptions: (topicArn: string) => ofTopic.all(topicArn) as Subscription[],
    close: () => database.close(),
  }
}
