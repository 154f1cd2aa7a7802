import { html } from 'hono/html'
import { artifactKey } from '../model/artifact.ts'
import { describeBytes } from '../model/describe-bytes.ts'
import { escapeControls } from '../model/escape-controls.ts'
import { isExpired, type LeftArtifact } from '../records/left-artifacts.ts'
import { artifactPath, artifactsPath, buildPath } from '../records/links.ts'
import type { Store } from '../records/store.ts'
import type { View } from '../records/view.ts'
import { PLAIN_ICON } from './icon.ts'
import { renderLayout } from './layout.ts'
import { stemOf } from './log.ts'

/** The artifacts of a build as far as they were read. `unread`: of so many further jobs they were not. */
export type ListedArtifacts = { artifacts: readonly LeftArtifact[]; unread: number; now: Date }

/** Adds the key of a private build to a path. */
type WithKey = (path: string) => string
type Of = Pick<View, 'project' | 'number' | 'repository'>

/** Renders the list on the page of a build, closed. Empty if the build has left none. */
export function renderArtifacts(build: Of, listed: ListedArtifacts, withKey: WithKey) {
  const { artifacts, unread } = listed
  if (artifacts.length === 0 && unread === 0) return html`<div id="artifacts"></div>`
  const bytes = artifacts.reduce((sum, each) => sum + each.bytes, 0)
  const count = `${artifacts.length} ${artifacts.length === 1 ? 'artifact' : 'artifacts'}, ${describeBytes(bytes)}`
  const more = unread === 0 ? '' : html`; <a href="${withKey(artifactsPath(build))}">those of all jobs</a>`
  return html`<div id="artifacts"><details><summary>${count}</summary>${renderTable(build, listed, withKey)}</details>${more}</div>`
}

/** Renders the page that lists the artifacts of all jobs. */
export function renderArtifactsPage(
  build: Of,
  artifacts: readonly LeftArtifact[],
  now: Date,
  withKey: WithKey,
) {
  const title = `Artifacts of ${build.repository} #${build.number}`
  const content = html`
<h1>Artifacts of <a href="${withKey(buildPath(build))}">${build.repository} #${build.number}</a></h1>
<div id="artifacts">${artifacts.length === 0 ? html`<p>No job that has ended has left any.</p>` : renderTable(build, { artifacts, now }, withKey)}</div>`
  return renderLayout({ title, icon: PLAIN_ICON }, content)
}

function renderTable(build: Of, { artifacts, now }: Omit<ListedArtifacts, 'unread'>, withKey: WithKey) {
  const name = `${build.repository}#${build.number}`
  return html`<div class="scrolls" tabindex="0" role="region" aria-label="Artifacts"><table>
<thead><tr><th scope="col">Name</th><th scope="col">Job</th><th scope="col">Size</th><th scope="col">Kept</th></tr></thead>
<tbody>${artifacts.map(artifact => renderRow(build, artifact, now, withKey))}</tbody></table></div>
<p class="soft">Each is an archive: <code>tar --zstd -xf FILE</code>. To get them all unpacked: <code>lambci artifacts ${name} --download DIR</code></p>`
}

function renderRow(build: Of, artifact: LeftArtifact, now: Date, withKey: WithKey) {
  const { name, job, bytes, files, lastDay } = artifact
  const isGone = isExpired(artifact, now)
  const link = isGone ? name : html`<a href="${withKey(artifactPath(build, name))}">${name}</a>`
  const size = `${describeBytes(bytes)}, ${files} ${files === 1 ? 'file' : 'files'}`
  return html`<tr><td>${link}</td><td>${escapeControls(job)}</td><td>${size}</td><td>${isGone ? 'expired' : html`30 days, until ${lastDay}`}</td></tr>
`
}

/** A link expires after so long, or with the credentials of the function. */
const LINK_SECONDS = 300
const ARCHIVE_TYPE = 'application/zstd'

/** Creates a link to an archive in the bucket, which browsers save under the name of the build and the artifact. */
export const linkToArchive = (store: Store, build: Of, artifact: LeftArtifact): Promise<string> =>
  store.presign(
    artifactKey(artifact.prefix, artifact),
    LINK_SECONDS,
    ARCHIVE_TYPE,
    `${stemOf(build)}-${artifact.name.replaceAll('/', '-')}.tar.zst`,
  )
