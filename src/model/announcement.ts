/** A notice about a repository, rather than about one of its builds. */
export type Announcement = {
  project: string
  /** `owner/repo` as GitHub spells it. */
  repository: string
  /** One word, for filters. */
  topic: string
  /** One line. */
  subject: string
  /** Sentences. */
  text: string
}
