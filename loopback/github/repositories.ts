import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { repositorySchema } from '../../src/model/names.ts'
import { type Git, initRepository } from './git.ts'
import { type Collection, type Records, type Row, timestamp } from './records.ts'

type Fields = {
  owner: string
  ownerType: 'User' | 'Organization'
  name: string
  private: boolean
  defaultBranch: string
  parent: number | null
  /** The root of the fork network. Pull requests are possible within a network only. */
  network: number | null
  /** A generated name for the bare repository's directory, so that no client-supplied name becomes a path. */
  directory: string
  pushedAt: string
}
export type Repository = Row<Fields>
export type NewRepository = Pick<Fields, 'owner' | 'name'> & Partial<Pick<Fields, 'ownerType' | 'private'>>

/** Whether GitHub accepts these names. */
export const isValidName = (owner: string, name: string) =>
  repositorySchema.safeParse(`${owner}/${name}`).success

export const fullName = (repository: Pick<Fields, 'owner' | 'name'>) =>
  `${repository.owner}/${repository.name}`

/** The key of `Hub.networkQueue`: pushes and pull requests of a fork network never see each other half-done. */
export const networkOf = (repository: Repository) => repository.network ?? repository.id

/** The bare repositories and their records. Names are case-insensitive, as on GitHub. */
export class Repositories {
  readonly #git: Git
  readonly #root: string
  readonly #records: Records
  readonly #rows: Collection<Fields>
  /** Names that repositories have had, in lower case. */
  readonly #formerNames: Collection<{ name: string }>

  constructor(git: Git, root: string, records: Records) {
    this.#git = git
    this.#root = root
    this.#records = records
    this.#rows = records.collection<Fields>('repository')
    this.#formerNames = records.collection('former-name')
  }

  all(): Repository[] {
    return this.#rows.list()
  }

  get(id: number): Repository | null {
    return this.#rows.get(id)
  }

  find(owner: string, name: string): Repository | null {
    const key = `${owner}/${name}`.toLowerCase()
    return this.all().find(repository => fullName(repository).toLowerCase() === key) ?? null
  }

  /** The last repository with this name, unless another one has it now. */
  findRenamed(owner: string, name: string): Repository | null {
    if (this.find(owner, name)) return null
    const key = `${owner}/${name}`.toLowerCase()
    const row = this.#formerNames.list().find(former => former.name === key)
    return row ? this.get(row.repository) : null
  }

  /** The repository of a network that belongs to `owner`. */
  findInNetwork(network: number, owner: string): Repository | null {
    const matches = (repository: Repository) =>
      networkOf(repository) === network && repository.owner.toLowerCase() === owner.toLowerCase()
    return this.all().find(matches) ?? null
  }

  directoryOf(repository: Repository): string {
    return join(this.#root, `${repository.directory}.git`)
  }

  /** Creates an empty repository, or returns one that a concurrent call has just created. */
  create({
    owner,
    name,
    ownerType = 'User',
    private: isPrivate = false,
  }: NewRepository): Promise<Repository> {
    const empty = { parent: null, network: null, defaultBranch: 'main', pushedAt: timestamp() }
    return this.#add({ ...empty, owner, name, ownerType, private: isPrivate }, async () => {})
  }

  /** Creates a fork with all branches and tags. */
  fork(source: Repository, owner: string, ownerType: Fields['ownerType']): Promise<Repository> {
    const { name, private: isPrivate, defaultBranch, pushedAt } = source
    const forked = { name, private: isPrivate, defaultBranch, pushedAt, owner, ownerType }
    return this.#add({ ...forked, parent: source.id, network: networkOf(source) }, async directory => {
      const refspecs = ['+refs/heads/*:refs/heads/*', '+refs/tags/*:refs/tags/*']
      await this.#git.text(directory, ['fetch', '--quiet', this.directoryOf(source), ...refspecs])
      await this.#git.text(directory, ['symbolic-ref', 'HEAD', `refs/heads/${defaultBranch}`])
    })
  }

  change(repository: Repository, fields: Partial<Pick<Fields, 'private' | 'pushedAt'>>): void {
    this.#rows.change(repository.id, fields)
  }

  /** Renames a repository or transfers it to another owner. It keeps its id, and its old name leads to it. */
  rename(repository: Repository, names: Partial<Pick<Fields, 'owner' | 'ownerType' | 'name'>>): void {
    this.#records.transaction(() => {
      this.#formerNames.insert(repository.id, { name: fullName(repository).toLowerCase() })
      this.#rows.change(repository.id, names)
    })
  }

  async setDefaultBranch(repository: Repository, branch: string): Promise<void> {
    await this.#git.text(this.directoryOf(repository), ['symbolic-ref', 'HEAD', `refs/heads/${branch}`])
    this.#rows.change(repository.id, { defaultBranch: branch })
  }

  async remove(repository: Repository): Promise<void> {
    this.#records.removeRepository(repository.id)
    await rm(this.directoryOf(repository), { recursive: true, force: true })
  }

  async #add(
    fields: Omit<Fields, 'directory'>,
    fill: (directory: string) => Promise<void>,
  ): Promise<Repository> {
    const added = { ...fields, directory: randomUUID() }
    const directory = join(this.#root, `${added.directory}.git`)
    await initRepository(this.#git, directory)
    await fill(directory)
    const other = this.find(fields.owner, fields.name)
    if (!other) return this.#rows.insert(0, added)
    await rm(directory, { recursive: true, force: true })
    return other
  }
}
