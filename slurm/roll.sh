#!/usr/bin/env bash
# All rolling fits as a job array, one GPU a part; then a job that stitches the factor and evaluates it.
#
#   bash slurm/roll.sh variant=v2.1
#   bash slurm/roll.sh --array=1-40%10 --partition=gpu variant=v2.1 rolling.seeds=[0,1,2]
#
# It submits both jobs and ends, so bash will do; sbatch works too where a job may submit jobs.
# Words that begin with a dash go to sbatch, in place of the options below; the others are settings.
# Done fits are not repeated: after a failure the same line does what is left.
#SBATCH --job-name=alphanet-roll
#SBATCH --nodes=1
#SBATCH --ntasks-per-node=1
#SBATCH --gpus-per-node=1
#SBATCH --cpus-per-task=4
#SBATCH --mem=8G
#SBATCH --time=12:00:00
#SBATCH --signal=SIGUSR1@120
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=/dev/null
set -euo pipefail

# The log is open once log_to_runs knows where; what goes wrong before has to be said somewhere too.
early=
if [[ -n ${SLURM_JOB_ID:-} && /dev/stderr -ef /dev/null && -w . ]]; then
  early=$PWD/slurm-$SLURM_JOB_ID.out
  exec 2>>"$early"
  trap 'echo "error: $0 ended with status $? before it had a log" >&2' EXIT
fi
# sbatch runs a copy of this script; Slurm knows where the original is.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if [[ ! -f $here/env.sh ]]; then
  here=$(scontrol show job "$SLURM_JOB_ID" | sed -n 's/^ *Command=//p') || here=
  here=${here%%/roll.sh*}
fi
[[ -f $here/env.sh ]] || here=${SLURM_SUBMIT_DIR:-.}/slurm
[[ -f $here/env.sh ]] || { echo "error: no env.sh in $here" >&2; exit 2; }
set +eu # modules and environments are rarely written for these
# shellcheck source=slurm/env.sh
source "$here/env.sh"
set -eu
# shellcheck source=slurm/common.sh
source "$here/common.sh"

submit() { # the array and what depends on it
  local array=(--array=1-8) both=() words=() fits after name
  if [[ -n ${SLURM_JOB_ID:-} ]]; then # inside a job, whose own variables are not for the new ones
    log_to_runs
    for name in "${!SLURM_@}"; do [[ $name == SLURM_CONF ]] || unset "$name"; done
  fi
  while (($#)); do
    case $1 in
      --config-dir) words+=("$1" "${2:-}"); shift ;;
      --config-dir=*) words+=("$1") ;;
      --array=* | --dependency=*) array+=("$1") ;;
      --*=*) both+=("$1") ;;
      -*) refuse "$1 was given to roll.sh" "write options of sbatch as --name=value" ;;
      *) words+=("$1") ;;
    esac
    shift || break
  done
  fits=$(sbatch --parsable "${both[@]}" "${array[@]}" "$here/roll.sh" fits "${words[@]}")
  printf 'job %s: the fits\n' "$fits"
  # without --kill-on-invalid-dep a failed part would leave this job pending for ever
  after=$(sbatch --parsable "${both[@]}" "--dependency=afterok:$fits" --kill-on-invalid-dep=yes \
    --job-name=alphanet-stitch --gpus-per-node=0 "$here/roll.sh" stitch "${words[@]}") ||
    refuse "sbatch took no job that stitches and evaluates after job $fits" \
      "scancel $fits, or let it train: the same line does what is left"
  printf 'job %s: stitches and evaluates after them\n' "$after"
  printf 'logs: %s\n' "$ALPHANET_RUNS/slurm"
}

prepare_words() {
  log_to_runs
  split_words "$@"
  check_tasks
  add_place
  use_cores
}

fits() { # one part of the list of fits
  prepare_words "$@"
  ((SLURM_ARRAY_TASK_MIN == 1 && SLURM_ARRAY_TASK_COUNT == SLURM_ARRAY_TASK_MAX)) ||
    refuse "the array is $SLURM_ARRAY_TASK_MIN to $SLURM_ARRAY_TASK_MAX in $SLURM_ARRAY_TASK_COUNT parts" \
      "--array=1-$SLURM_ARRAY_TASK_COUNT; done fits are not repeated"
  overrides+=("parts=$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT")
  launch roll
}

stitch() {
  prepare_words "$@"
  launch roll
  launch evaluate # last: its status is the job's
}

case ${1:-} in
  fits | stitch) "$@" ;;
  *) submit "$@" ;;
esac
