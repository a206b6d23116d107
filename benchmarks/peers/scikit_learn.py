"""scikit-learn: MLPClassifier, through `fit`. It has no dropout, so on networks with dropout it does less work."""

import warnings

from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from benchmarks.cases import MOMENTUM, Array
from benchmarks.peers import Peer


class Classifier(Peer):
    """A fresh classifier each time. Its penalty is alpha / 2n Σ w² with n the batch, on the weights of all layers."""

    model: MLPClassifier

    def train(self, epochs: int) -> list[float]:
        case = self.case
        self.model = MLPClassifier(
            case.sizes[1:-1],
            solver=case.optimizer,
            alpha=2 * case.l2 * case.batch,
            batch_size=case.batch,
            learning_rate_init=case.learning_rate,
            momentum=MOMENTUM,
            nesterovs_momentum=False,
            max_iter=epochs,
            n_iter_no_change=epochs + 1,  # never stop early
            random_state=0,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            self.model.fit(self.X, self.y)
        losses: list[float] = self.model.loss_curve_
        return losses

    def predict(self, X: Array) -> Array:
        p: Array = self.model.predict_proba(X)
        return p
