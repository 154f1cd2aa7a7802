import type { StageState } from '../deploy/list-stages.ts'
import type { Attempt, Deployment } from '../records/deployments.ts'
import type { VisibleBuilds } from './visible-builds.ts'

/** A stage as a page shows it. `isPartial`: a deployment of a build that the visitor may not see is left out. */
export type ShownStage = StageState & { isPartial: boolean }

/** The stages that the visitor may see at least in part. */
export async function shownStages(
  stages: readonly StageState[],
  visible: Pick<VisibleBuilds, 'areAll' | 'mayShow'>,
): Promise<ShownStage[]> {
  const shown = await Promise.all(stages.map(state => shownStage(state, visible)))
  return shown.filter(({ deployed, latest, hold }) => deployed !== null || latest !== null || hold !== null)
}

async function shownStage(
  state: StageState,
  { areAll, mayShow }: Pick<VisibleBuilds, 'areAll' | 'mayShow'>,
): Promise<ShownStage> {
  if (areAll) return { ...state, isPartial: false }
  const shown = async <T extends Attempt | Deployment>(each: T | null) =>
    each !== null && (await mayShow(each.build)) ? each : null
  const [deployed, latest] = await Promise.all([shown(state.deployed), shown(state.latest)])
  const isPartial = deployed !== state.deployed || latest !== state.latest
  const { hold } = state
  // A person's hold names no build. It dates from a public time if a visible deployment came before it and none since is left out.
  const isAfter = hold !== null && !isPartial && deployed !== null && deployed.startedAt <= hold.at
  const isShown = hold !== null && hold.build !== null ? await mayShow(hold.build) : isAfter
  return { ...state, deployed, latest, hold: isShown ? hold : null, isPartial }
}
