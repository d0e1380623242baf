"""Which model answers for a project: chosen by its users, or by a training whose model is the better one."""

from __future__ import annotations

from pgml.backend import snapshot_rows
from pgml.backend.arguments import require
from pgml.backend.engine import Engine
from pgml.backend.session import Session
from pgml.backend.store import Model, Project, Store
from pgml.errors import (
    InvalidArgument,
    NothingDeployed,
    PgmlError,
    UnknownAlgorithm,
    UnknownStrategy,
    choices_hint,
)
from pgml.plugin.objective import OBJECTIVES

STRATEGIES = ("best_score", "most_recent", "rollback")
_UNREADABLE = object()  # in place of a score: the model cannot read the rows


class Deployment:
    """Deploys models; ``engine`` is the one that has just trained, where a model has to be scored again."""

    def __init__(self, session: Session, engine: Engine, store: Store):
        self._session = session
        self._engine = engine
        self._store = store

    def choose(self, project_name: str, strategy: str, algorithm_name: str | None) -> dict[str, str]:
        """Choose the model that answers for a project; return project_name, strategy and algorithm_name."""
        require(project_name=project_name, strategy=strategy)
        if strategy not in STRATEGIES:
            raise UnknownStrategy(f'unknown strategy "{strategy}"', hint=choices_hint(strategy, STRATEGIES))
        project = self._store.project(project_name, "deploy")
        self._store.lock_project(project)
        if strategy == "rollback":
            model = self._roll_back(project, algorithm_name)
        else:
            model = self._candidate(project, strategy, algorithm_name)
            current = self._store.deployed(project)
            if current is None or current.id != model.id:
                self._store.deploy(project, model, strategy)
        return {"project_name": project.name, "strategy": strategy, "algorithm_name": model.algorithm_name}

    def deploy_if_better(self, project: Project, model: Model) -> bool:
        """Deploy a model just trained if it beats the deployed one on the same test rows; say why where it is not."""
        self._store.lock_project(project)
        deployed = self._store.deployed(project)
        objective = OBJECTIVES[project.objective]
        metric = objective.key_metric
        score = model.metrics[metric]
        if deployed is not None:
            if deployed.digest == model.digest:
                self._session.notice("not deployed: it is the deployed model again, to the last bit")
                return False
            to_beat = self._score_to_beat(project, deployed, model)
            if to_beat is _UNREADABLE:
                return False
            if not objective.is_better(score, to_beat):
                self._session.notice(
                    f"not deployed: {metric} is {_shown(score)} on the rows held back, "
                    f"and {_shown(to_beat)} of {deployed.algorithm_name}, which stays"
                )
                return False
        if "deploy" not in project.privileges:
            better = "and nothing is deployed" if deployed is None else "better than what is deployed"
            self._session.notice(
                f"not deployed: {metric} is {_shown(score)} on the rows held back, {better}, "
                f'but deploying to "{project.name}" needs the privilege deploy'
            )
            return False
        self._store.deploy(project, model, "best_score")
        return True

    def _score_to_beat(self, project: Project, deployed: Model, model: Model) -> float | None | object:
        """Return the key metric of the deployed model on the test rows of a new one; _UNREADABLE where it has none."""
        if deployed.held_back == model.held_back:
            return deployed.metrics[OBJECTIVES[project.objective].key_metric]
        score, reason = self._score(project, deployed)
        if score is None:
            self._session.warn(
                f'the deployed model of "{project.name}" cannot be scored on this training\'s rows ({reason}), so it '
                "stays; pgml.deploy(..., 'most_recent') deploys the new one"
            )
            return _UNREADABLE
        return score

    def _candidate(self, project: Project, strategy: str, algorithm_name: str | None) -> Model:
        """Return the project's newest or best model, of all or of one algorithm."""
        models = self._store.models(project, algorithm_name)
        if not models:
            if algorithm_name is None:
                raise NothingDeployed(
                    f'project "{project.name}" has no trained model', hint="train one with pgml.train"
                )
            trained = {model.algorithm_name for model in self._store.models(project)}
            raise UnknownAlgorithm(
                f'project "{project.name}" has no model of algorithm "{algorithm_name}"',
                hint=choices_hint(algorithm_name, trained),
            )
        return models[0] if strategy == "most_recent" else self._best(project, models)

    def _best(self, project: Project, models: list[Model]) -> Model:
        """Return the best of some models, newest first, on the rows that the newest one was scored on."""
        newest = models[0]
        objective = OBJECTIVES[project.objective]
        scores = {
            model.id: model.metrics[objective.key_metric]
            for model in models
            if model.held_back == newest.held_back
        }
        others = [model for model in models if model.id not in scores]
        if others:
            scores |= self._score_again(project, others, newest)
        best = newest
        for model in models:
            if model.id in scores and objective.is_better(scores[model.id], scores[best.id]):
                best = model
        return best

    def _score_again(self, project: Project, models: list[Model], newest: Model) -> dict[int, float]:
        """Return the scores of models on the rows that the newest one was scored on; who cannot read them has none."""
        snapshot = self._store.snapshot(newest)
        columns = snapshot_rows.columns_of(self._session, self._store, snapshot)
        scores = {}
        try:
            snapshot_rows.send(self._engine, snapshot, columns)
            _, test_size, sampling = newest.held_back
            self._engine.ask("hold_back", objective=project.objective, test_size=test_size, sampling=sampling)
            for model in models:
                score, reason = self._score(project, model)
                if score is None:
                    self._session.warn(
                        f"model {model.id} ({model.algorithm_name}) is left out: it cannot be scored on the newest "
                        f"model's rows ({reason})"
                    )
                else:
                    scores[model.id] = score
        finally:
            self._engine.forget()
        return scores

    def _score(self, project: Project, model: Model) -> tuple[float | None, str]:
        """Return the key metric of a model on the rows that the engine holds back, or None and why there is none."""
        try:
            score = self._engine.ask(
                "score",
                self._store.artifacts(model),
                algorithm=model.algorithm_name,
                objective=project.objective,
            )[0]
        except PgmlError as error:  # whatever is the matter with one model, the others are as good as before
            return None, error.message
        return score, "they lack features that it needs, or have NULLs where it knows none"

    def _roll_back(self, project: Project, algorithm_name: str | None) -> Model:
        if algorithm_name is not None:
            raise InvalidArgument(
                f'a rollback goes back to the model before, whatever its algorithm; algorithm_name is "{algorithm_name}"',
                hint="leave algorithm_name out, or use the strategy best_score or most_recent",
            )
        model = self._store.roll_back(project)
        if model is None:
            raise NothingDeployed(f'project "{project.name}" has no earlier deployment to go back to')
        return model


def _shown(score: float | None) -> str:
    """Return a score as it is told, to as many digits as two that differ in practice need."""
    return "undefined" if score is None else f"{score:.6g}"
