/** What people are to know of a repository, and of none of its builds alone. */
export type Announcement = {
  project: string
  /** `owner/repo` as GitHub spells it. */
  repository: string
  /** One word, for filters. */
  topic: string
  /** A line. */
  subject: string
  /** Sentences. */
  text: string
}
